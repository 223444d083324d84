import { once } from "node:events";
import type { Socket } from "node:net";

/** A message of a stream that carries the bytes of a connection. */
interface Piece<Buffer extends ArrayBufferLike = ArrayBufferLike> {
  readonly data: Uint8Array<Buffer>;
}

/** What is read from the socket, as messages; the socket waits for whoever takes them. */
export async function* messagesOf(socket: Socket): AsyncGenerator<{ data: Uint8Array<ArrayBuffer> }> {
  for await (const data of socket as AsyncIterable<Uint8Array<ArrayBuffer>>) yield { data };
}

/** Writes what messages carry to the socket, and ends it with them. */
export async function writeMessages(messages: AsyncIterable<Piece>, socket: Socket): Promise<void> {
  try {
    for await (const { data } of messages) {
      if (socket.destroyed) return;
      if (!socket.write(data)) await once(socket, "drain");
    }
    socket.end();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
