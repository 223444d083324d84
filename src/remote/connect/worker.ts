import type { OutgoingHttpHeaders } from "node:http2";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Control } from "../api/control_pb.ts";
import { LLBBridge } from "../api/gateway_pb.ts";
import type { Line } from "./dial-builder.ts";

/** Values of this header are sent one by one: a worker compares each with the methods that it looks for. */
export const METHOD_HEADER = "x-docker-expose-session-grpc-method";

/** This header says which build a call of the bridge belongs to. */
export const BUILD_HEADER = "buildkit-controlapi-buildid";

/** The APIs of a worker at the other end of a line. */
export interface Worker {
  readonly control: Client<typeof Control>;
  /** Asks frontends without building what they answer. */
  readonly bridge: Client<typeof LLBBridge>;
}

/** Speaks gRPC over a line that is open already. Disposing of it closes the connection. */
export function connectWorker({ stream }: Line): Disposable & Worker {
  const manager = new SplittingManager("http://buildkit", { idleConnectionTimeoutMs: 24 * 3600 * 1000 }, {
    createConnection: () => {
      // On one that is closed already, HTTP/2 would wait for ever.
      if (stream.destroyed || !stream.readable) throw new ConnectError("the connection ended", Code.Unavailable);
      return stream;
    },
  });
  const transport = createGrpcTransport({ baseUrl: "http://buildkit", sessionManager: manager, readMaxBytes: 64 * 1024 * 1024, acceptCompression: [] });
  return { control: createClient(Control, transport), bridge: createClient(LLBBridge, transport), [Symbol.dispose]: () => manager.abort() };
}

/** Web headers join what is given several times; here it is taken apart again. */
class SplittingManager extends Http2SessionManager {
  override request(method: string, path: string, headers: OutgoingHttpHeaders, options: object): ReturnType<Http2SessionManager["request"]> {
    const joined = headers[METHOD_HEADER];
    return super.request(method, path, typeof joined === "string" ? { ...headers, [METHOD_HEADER]: joined.split(", ") } : headers, options);
  }
}
