import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** One request as it went through, and how many bytes of its bodies were passed on. */
export interface PassedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  status: number | undefined;
  sent: number;
  received: number;
}

export interface CountingProxy {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly requests: PassedRequest[];
  /** Lets requests stand still after so many bytes of a body; resolves when the first one does. */
  hold(rule: (request: PassedRequest) => { sent?: number; received?: number } | undefined): Promise<PassedRequest>;
  /** What stands still is given up, from now on everything goes through, and what was noted is forgotten. `change` may alter the headers that are passed on. */
  release(change?: (headers: IncomingMessage["headers"]) => void): void;
}

/** Stands between a client and a registry on loopback, counts what goes through, and stops in the middle of bodies. */
export async function startCountingProxy(context: TestContext, upstream: string): Promise<CountingProxy> {
  const requests: PassedRequest[] = [];
  let rule: Parameters<CountingProxy["hold"]>[0] = () => undefined;
  let change: (headers: IncomingMessage["headers"]) => void = () => undefined;
  const standing: (() => void)[] = [];
  let held = Promise.withResolvers<PassedRequest>();

  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const passed: PassedRequest = { method: incoming.method!, url: incoming.url!, headers: incoming.headers, status: undefined, sent: 0, received: 0 };
    requests.push(passed);
    const headers = { ...incoming.headers };
    change(headers);
    const limits = rule(passed) ?? {};
    const upwards = httpRequest({ host: upstream.split(":")[0], port: upstream.split(":")[1], method: passed.method, path: passed.url, headers, agent: false });
    outgoing.once("close", () => upwards.destroy());
    const stand = (): void => {
      // The client's end is not noticed as long as nothing is read from it.
      standing.push(() => { upwards.destroy(); outgoing.destroy(); });
      held.resolve(passed);
    };
    upwards.on("error", () => outgoing.destroy());
    upwards.once("response", (answer) => {
      passed.status = answer.statusCode;
      outgoing.writeHead(answer.statusCode!, answer.headers);
      void copy(answer, outgoing, limits.received, (count) => { passed.received += count; }).then((whole) => (whole ? outgoing.end() : stand()), () => outgoing.destroy());
    });
    if (limits.sent === 0) return stand();
    const whole = await copy(incoming, upwards, limits.sent, (count) => { passed.sent += count; });
    if (whole) upwards.end();
    else stand();
  };
  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing).catch(() => outgoing.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    hold(next) {
      rule = next;
      held = Promise.withResolvers<PassedRequest>();
      return held.promise;
    },
    release(next = () => undefined) {
      for (const giveUp of standing.splice(0)) giveUp();
      rule = () => undefined;
      change = next;
      requests.length = 0;
    },
  };
}

/** @returns false when it stopped at the limit, with the connections open */
async function copy(from: IncomingMessage, to: NodeJS.WritableStream, limit: number | undefined, count: (bytes: number) => void): Promise<boolean> {
  let total = 0;
  for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const piece = limit === undefined ? chunk : chunk.subarray(0, Math.max(0, limit - total));
    total += piece.length;
    if (piece.length > 0 && !to.write(piece)) await drained(to);
    count(piece.length);
    if (limit !== undefined && total >= limit) return false;
  }
  return true;
}

function drained(to: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      to.off("drain", done).off("close", done);
      resolve();
    };
    to.on("drain", done).on("close", done);
  });
}
