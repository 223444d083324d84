import type { OutgoingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { Digest } from "../oci/digest.ts";
import type { Exchange } from "./exchange.ts";
import { LARGE_BLOB, openSocketOf } from "./open-socket.ts";
import { sendStream } from "./send-stream.ts";
import { originOf } from "./terms/client-origin.ts";

/**
 * Answers with bytes of a blob: large ones are sent from its file past node:http, where storage and connection allow.
 * @returns false, with nothing sent, when the bytes are not there
 */
export async function sendBlobBytes(exchange: Exchange, digest: Digest, range: { start: number; end: number }, head: { status: number; headers: OutgoingHttpHeaders }): Promise<boolean> {
  const { response, storage, settings } = exchange;
  const length = range.end - range.start + 1;
  using socket = length >= LARGE_BLOB ? openSocketOf(response.socket, settings.idleTimeout) : undefined;
  const open = socket && (await storage.blobs.sender?.(length));
  if (!open) {
    const body = await storage.blobs.read(digest, range);
    if (!body) return false;
    response.writeHead(head.status, head.headers);
    await sendStream(response, body, settings.idleTimeout);
    return true;
  }
  const send = await open(digest, range);
  if (!send) return false;
  response.writeHead(head.status, head.headers);
  response.flushHeaders();
  if (response.socket) await flushed(response.socket);
  response.socket?.setTimeout(0);
  const sending = send(socket);
  exchange.note.beside = sending;
  const sent = await sending;
  exchange.note.sentBeside = sent;
  if (sent === length) response.end();
  else response.destroy();
  return true;
}

/** Resolves when everything that was written is the kernel's, or the connection is broken. */
async function flushed(socket: Socket): Promise<void> {
  if (socket.writableLength > 0) await new Promise<void>((resolve) => void socket.write(Buffer.alloc(0), () => resolve()));
}

/** The header that has the server in front send the blob, where that is wanted and such a one asks. */
export function internalRedirect({ request, config, storage }: Exchange, digest: Digest): OutgoingHttpHeaders | undefined {
  const { internalRedirect: wanted } = config;
  if (wanted === undefined || storage.blobs.fileOf === undefined || !originOf(request).byProxy) return undefined;
  return { [wanted.header]: `${wanted.path}${storage.blobs.fileOf(digest)}` };
}
