import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface OddFront {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** Requests in order, as `POST /v2/…`. */
  readonly asked: string[];
  /** Sends a request on to the registry, and what it answers back. */
  pass(incoming: IncomingMessage, outgoing: ServerResponse): void;
}

/** Answers a request in its own way. @returns whether it did: where not, the registry does */
export type OddAnswer = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

/** What stands before a registry and answers some requests itself; all others go there without their tokens. */
export async function oddFront(context: TestContext, registry: string, answers: OddAnswer, address = "127.0.0.1"): Promise<OddFront> {
  const asked: string[] = [];
  const [hostname, port] = registry.split(":");
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { authorization: _, ...headers } = incoming.headers;
    const forwarded = httpRequest({ host: hostname, port, method: incoming.method, path: incoming.url, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.on("error", () => outgoing.destroy());
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.on("error", () => forwarded.destroy());
    incoming.pipe(forwarded);
  };
  const server = createServer((incoming, outgoing) => {
    outgoing.on("error", () => undefined);
    asked.push(`${incoming.method} ${incoming.url}`);
    if (!answers(incoming, outgoing)) pass(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  context.after(() => void (server.close(), server.closeAllConnections()));
  return { host: `${address}:${(server.address() as AddressInfo).port}`, asked, pass };
}
