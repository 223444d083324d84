import type { IncomingMessage } from "node:http";
import { readAhead } from "../std/read-ahead.ts";
import type { Exchange } from "./exchange.ts";
import { LARGE_UPLOAD, openSocketOf, stopReading } from "./open-socket.ts";
import type { Upload } from "./storage/blob-storage.ts";

/** Requests whose body did not come through node:http, which goes on waiting for it. */
const taken = new WeakSet<IncomingMessage>();

/** Whether nothing of the request is to come any more. */
export function hasWholeBody(request: IncomingMessage): boolean {
  return request.complete || taken.has(request) || (request.headers["transfer-encoding"] === undefined && Number(request.headers["content-length"] ?? 0) === 0);
}

/**
 * Adds the body of a request to an upload, as {@link Upload.append}. A large one of known length is read past node:http where the storage
 * can; the connection ends with the answer then, because node:http does not know where the next request begins.
 */
export async function receiveBody({ request, response, settings, note }: Exchange, upload: Upload, limit?: number): Promise<boolean> {
  const length = request.headers["transfer-encoding"] === undefined ? Number(request.headers["content-length"] ?? 0) : 0;
  // Not behind an answer that is still on its way, whose end sets the time limit of the connection.
  using socket = length >= LARGE_UPLOAD && length <= (limit ?? length) && response.socket ? openSocketOf(request.socket, settings.idleTimeout) : undefined;
  const receive = socket && (await receiverFor(length, upload, request));
  // Left open when it is not read to its end, so that a refusal reaches the client; one that has left meanwhile is seen there.
  if (!receive || request.socket.destroyed) return upload.append(request.iterator({ destroyOnReturn: false }), limit);
  response.setHeader("Connection", "close");
  request.socket.setTimeout(0);
  const readAgain = stopReading(request.socket);
  const first = readAhead(request);
  const before = upload.size;
  const receiving = receive({ socket, first, length });
  note.beside = receiving;
  const whole = await receiving.catch((error: unknown) => {
    readAgain(); // what is still sent is thrown away, so that the client gets to see the answer
    throw error;
  });
  note.receivedBeside = Math.max(0, upload.size - before - first.length);
  if (whole) return Boolean(taken.add(request));
  request.destroy();
  throw new Error("the client left");
}

/** A thread may have to start first, during which the connection is silent through no fault of the client. */
async function receiverFor(length: number, upload: Upload, { socket }: IncomingMessage): Promise<Awaited<ReturnType<NonNullable<Upload["receiver"]>>>> {
  const idle = socket.timeout ?? 0;
  socket.setTimeout(0);
  const receive = await upload.receiver?.(length);
  socket.setTimeout(idle);
  return receive;
}
