import { createServer, request as httpRequest, type ClientRequest, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { registryError, reply } from "../scripted-server.ts";
import type { FaultPlan, LineFault, ProxiedRequest } from "./line-fault.ts";
import { createTokenDesk, type DeskUser } from "./token-desk.ts";
import { sendAnswer, type WholeAnswer } from "./send-answer.ts";

export interface FaultProxyOptions {
  /** `127.0.0.1:<port>` of the registry behind. */
  readonly upstream: string;
  readonly plan: FaultPlan;
  /** Tokens are wanted, which this user gets. */
  readonly user?: DeskUser;
}

export interface FaultProxy extends AsyncDisposable {
  /** What clients connect to, `127.0.0.1:<port>`. */
  readonly host: string;
  /** All that was done, in order. */
  readonly done: readonly { readonly request: ProxiedRequest; readonly fault: LineFault }[];
  /** Requests with a login or token that reached the other host, where none may come. */
  readonly leaks: readonly string[];
}

/** Another name of this machine, so that it is another host. */
const ELSEWHERE = "127.0.0.2";

/**
 * Stands between a client and a registry, and does to each request what the plan says. Bodies of requests go through
 * as they come, so that the registry too sees them break; answers are small and are held whole.
 */
export async function startFaultProxy({ upstream, plan, user }: FaultProxyOptions): Promise<FaultProxy> {
  const desk = user ? createTokenDesk(user) : undefined;
  const done: { request: ProxiedRequest; fault: LineFault }[] = [];
  const leaks: string[] = [];
  const counts = new Map<string, number>();

  const elsewhere = createServer((message, response) => {
    if (message.headers.authorization !== undefined) leaks.push(`${message.method} ${message.url}`);
    void forward(upstream, message, undefined).then((answer) => sendAnswer(response, answer, undefined), () => response.destroy());
  });
  const otherOrigin = `http://${await listen(elsewhere, ELSEWHERE)}`;

  const proxy = createServer((message, response) => {
    response.on("error", () => undefined);
    handle(message, response).catch(() => response.destroy());
  });
  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = describeRequest(message, counts);
    const fault = plan(request);
    if (fault) done.push({ request, fault });
    if (fault?.kind === "latency") await sleep(fault.milliseconds);
    if (fault?.kind === "expire") desk?.expire();
    if (fault?.kind === "status" && !fault.late) return refuse(message, response, fault);
    if (fault?.kind === "forget") return reply(response, 404, {}, registryError("BLOB_UPLOAD_UNKNOWN", "no such upload"));
    if (fault?.kind === "redirect" && (message.method === "GET" || message.method === "HEAD")) {
      return reply(response, 307, { location: fault.to === "loop" ? message.url! : `${otherOrigin}${message.url}` });
    }
    if (request.what === "token" && desk) {
      const given = await captured((into) => desk.give(message, into as ServerResponse));
      return sendAnswer(response, given, fault);
    }
    if (desk && !desk.knows(message)) return desk.refuse(message, response);
    const answer = await forward(upstream, message, fault);
    if (fault?.kind === "status") return refuse(message, response, fault);
    if (fault?.kind === "redirect" && answer.headers["location"] !== undefined) answer.headers["location"] = `${otherOrigin}${String(answer.headers["location"])}`;
    sendAnswer(response, answer, fault);
  }
  const host = await listen(proxy, "127.0.0.1");
  return {
    host, done, leaks,
    [Symbol.asyncDispose]: async () => void (await Promise.all([close(proxy), close(elsewhere)])),
  };
}

function describeRequest(message: IncomingMessage, counts: Map<string, number>): ProxiedRequest {
  const method = message.method!;
  const path = message.url!.replace(/\?.*/s, "").replace(/(\/uploads\/).+$/, "$1*");
  const count = (counts.get(`${method} ${path}`) ?? 0) + 1;
  counts.set(`${method} ${path}`, count);
  const what = path === "/token" ? "token" : path.includes("/uploads/") ? "upload" : path.includes("/blobs/") ? "blob" : path.includes("/manifests/") ? "manifest" : "ping";
  return { method, path, what, count };
}

function refuse(message: IncomingMessage, response: ServerResponse, { status, retryAfter }: LineFault & { kind: "status" }): void {
  message.resume();
  reply(response, status, retryAfter === undefined ? {} : { "retry-after": retryAfter }, registryError("TOOMANYREQUESTS", "says the proxy"));
}

/** Sends a request on and gives the whole answer; rejects when either side breaks. */
function forward(upstream: string, message: IncomingMessage, fault: LineFault | undefined): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    const { method, url, headers } = message;
    const { authorization: _, connection: __, ...rest } = headers;
    const outgoing = httpRequest({ host: upstream.split(":")[0], port: upstream.split(":")[1], method, path: url, headers: rest, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    outgoing.on("error", reject);
    message.on("error", () => outgoing.destroy()).on("close", () => { if (!message.complete) outgoing.destroy(); });
    sendBody(message, outgoing, fault).catch((error: unknown) => {
      outgoing.destroy();
      reject(error);
    });
  });
}

async function sendBody(message: IncomingMessage, outgoing: ClientRequest, fault: LineFault | undefined): Promise<void> {
  let passed = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    const at = fault && "side" in fault && fault.side === "request" ? fault.at - passed : undefined;
    if (at !== undefined && at >= 0 && at < chunk.length) {
      if (fault!.kind === "reset") {
        await new Promise((resolve) => outgoing.write(chunk.subarray(0, at), resolve));
        outgoing.destroy();
        message.socket.resetAndDestroy();
        return;
      }
      chunk[at]! ^= 0x20;
    }
    passed += chunk.length;
    outgoing.write(chunk);
  }
  outgoing.end();
}

/** What an answering function would send. */
function captured(answer: (into: Pick<ServerResponse, "writeHead" | "end">) => void): Promise<WholeAnswer> {
  return new Promise((resolve) => {
    let [status, headers]: [number, Record<string, string>] = [200, {}];
    answer({
      writeHead: ((code: number, given: Record<string, string>) => { [status, headers] = [code, given]; }) as never,
      end: ((body: Buffer) => resolve({ status, headers: { ...headers }, body })) as never,
    });
  });
}

function listen(server: Server, address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, () => resolve(`${address}:${(server.address() as AddressInfo).port}`));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
