import type { ServerResponse } from "node:http";
import type { LineFault } from "./line-fault.ts";

export interface WholeAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** Passes an answer on, damaged the way the fault says. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: WholeAnswer, fault: LineFault | undefined): void {
  const { connection: _, "transfer-encoding": __, "keep-alive": ___, ...kept } = headers;
  const head = (changed: Record<string, string | undefined> = {}): void => {
    const all = Object.entries({ ...kept, ...changed }).filter(([, value]) => value !== undefined);
    response.writeHead(status, Object.fromEntries(all) as Record<string, string>);
  };
  const at = fault && "at" in fault ? Math.min(fault.at, body.length) : 0;
  switch (fault?.kind) {
    case "stall":
      if (fault.at < 0) return;
      head();
      if (at < body.length) response.write(body.subarray(0, at));
      else response.flushHeaders();
      return;
    case "reset":
      if (fault.side === "request") break;
      // No header either, where nothing of the body may come.
      if (at === 0) return void response.socket?.resetAndDestroy();
      head();
      response.write(body.subarray(0, at), () => response.socket?.resetAndDestroy());
      return;
    case "truncate":
      if (body.length === 0) break;
      head(fault.clean ? { "content-length": undefined } : {});
      if (fault.clean) response.end(body.subarray(0, at));
      else response.write(body.subarray(0, at), () => response.socket?.end());
      return;
    case "corrupt":
      if (fault.side === "request" || fault.at >= body.length) break;
      head();
      response.end(Buffer.concat([body.subarray(0, at), Buffer.of(body[at]! ^ 0x20), body.subarray(at + 1)]));
      return;
    case "length": {
      const length = Number(kept["content-length"] ?? body.length) + fault.by;
      if (length < 0) break;
      head({ "content-length": String(length) });
      if (response.req.method === "HEAD") return void response.end();
      response.strictContentLength = false;
      response.write(body, () => { if (fault.by < 0) response.socket?.end(); });
      return;
    }
    default:
  }
  head();
  response.end(body);
}
