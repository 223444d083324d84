import type { IncomingMessage, ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { commonHeaders } from "./terms/common-headers.ts";
import { hasWholeBody } from "./receive-body.ts";
import { errorBody, RegistryError, toRegistryError } from "./terms/registry-error.ts";

/** What is read of a refused body so that the client, still sending, gets to see the answer. */
const LINGER_BYTES = 64 * 1024 * 1024;
const LINGER_TIME = 5000;

/** Answers with the error's status and JSON body; an answer that has begun can only be cut off. */
export async function sendError(request: IncomingMessage, response: ServerResponse, error: unknown, report: (problem: Error) => void): Promise<void> {
  const problem = toRegistryError(error);
  if (problem.status >= 500) report(error as Error);
  if (response.headersSent) return void response.destroy();
  const body = Buffer.from(errorBody(problem));
  const finished = hasWholeBody(request);
  response.writeHead(problem.status, {
    ...commonHeaders,
    ...problem.headers,
    "Content-Type": "application/json",
    "Content-Length": body.length,
    ...(finished ? {} : { Connection: "close" }),
  });
  if (finished) return void response.end(request.method === "HEAD" ? undefined : body);
  // Closing now would reset the connection, and with it the answer that the client has not read yet.
  response.write(body);
  await discard(request);
  response.end();
}

function discard(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let left = LINGER_BYTES;
    setTimeout(resolve, LINGER_TIME).unref();
    request.once("close", resolve).once("end", resolve).on("data", (chunk: Uint8Array) => {
      left -= chunk.length;
      if (left < 0) resolve();
    });
    request.resume();
    if (request.destroyed) resolve();
  });
}

const PARSER_STATUS: Readonly<Record<string, [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "the request's line and headers are too long"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "the chunk extensions are too long"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request did not arrive in time"],
};

/** Answers what is not HTTP at all, or too much of it; Node would send an empty text. */
export function sendParserError(error: NodeJS.ErrnoException, socket: Socket, answerBegun: boolean): void {
  if (!socket.writable || answerBegun || error.code === "ECONNRESET") return void socket.destroy();
  const [status, message] = PARSER_STATUS[error.code ?? ""] ?? [400, "the request is not valid HTTP"];
  const body = errorBody(new RegistryError("REQUEST_INVALID", message, { status }));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
