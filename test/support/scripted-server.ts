import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";

/** One request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ScriptedServer extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly origin: string;
  readonly requests: SeenRequest[];
}

export type Script = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/** An HTTP server on loopback that misbehaves exactly as its script says, and remembers what it was asked. */
export async function startScriptedServer(
  script: Script,
  options: { tls?: TlsOptions; /** Answer before the body has come. */ eager?: boolean; /** Leave connections open that nobody uses. */ patient?: boolean } = {},
): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  const listener = async (message: import("node:http").IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    try {
      if (!options.eager) for await (const chunk of message) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const request = { method: message.method!, url: message.url!, headers: message.headers, body: Buffer.concat(chunks) };
    requests.push(request);
    await script(request, response);
  };
  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  if (options.patient) server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    origin: `${options.tls ? "https" : "http"}://${host}`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends a status with headers and a body (an object as JSON); without a body nothing but the status. */
export function reply(response: ServerResponse, status: number, headers: Record<string, string> = {}, body: string | Uint8Array | object = ""): void {
  const bytes = typeof body === "string" || body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-length": String(bytes.length), ...headers });
  response.end(bytes);
}

/** A registry's error body. */
export function registryError(code: string, message: string): object {
  return { errors: [{ code, message }] };
}
