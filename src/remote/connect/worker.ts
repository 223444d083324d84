import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Content } from "../api/content_pb.ts";
import { Control } from "../api/control_pb.ts";
import { LLBBridge } from "../api/gateway_pb.ts";
import type { Line } from "./dial-builder.ts";

/** This header says which build a call of the bridge belongs to. */
export const BUILD_HEADER = "buildkit-controlapi-buildid";

/** The APIs of a worker at the other end of a line. */
export interface Worker {
  readonly control: Client<typeof Control>;
  /** Asks frontends without building what they answer. */
  readonly bridge: Client<typeof LLBBridge>;
  /** What it keeps, by digest. */
  readonly content: Client<typeof Content>;
  /** Opens a stream for a session, whose headers say what the worker may ask. */
  openStream(headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<ClientHttp2Stream>;
}

/** Speaks gRPC over a line that is open already. Disposing of it closes the connection. */
export function connectWorker({ stream }: Line): Disposable & Worker {
  const manager = new Http2SessionManager("http://buildkit", { idleConnectionTimeoutMs: 24 * 3600 * 1000 }, {
    createConnection: () => {
      // On one that is closed already, HTTP/2 would wait for ever.
      if (stream.destroyed || !stream.readable) throw new ConnectError("the connection ended", Code.Unavailable);
      return stream;
    },
  });
  const transport = createGrpcTransport({ baseUrl: "http://buildkit", sessionManager: manager, readMaxBytes: 64 * 1024 * 1024, acceptCompression: [] });
  return {
    control: createClient(Control, transport),
    bridge: createClient(LLBBridge, transport),
    content: createClient(Content, transport),
    openStream: (headers, signal) => manager.request("POST", "/moby.buildkit.v1.Control/Session", { "content-type": "application/grpc", te: "trailers", ...headers }, {}).then((stream) => closedBy(stream, signal)),
    [Symbol.dispose]: () => manager.abort(),
  };
}

function closedBy(stream: ClientHttp2Stream, signal: AbortSignal): ClientHttp2Stream {
  const close = (): void => void stream.destroy();
  if (signal.aborted) close();
  signal.addEventListener("abort", close, { once: true });
  stream.once("close", () => signal.removeEventListener("abort", close));
  return stream;
}
