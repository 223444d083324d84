import type { FileHandle } from "node:fs/promises";

/** How much is read at once. */
export const READ_SIZE = 512 * 1024;

/**
 * Bytes of a file from one position to another; the next piece is read while the last one is used. The file stays open:
 * Node's own streams close it when a reader leaves early. Ends where the file does.
 */
export async function* readRange(file: FileHandle, { start, end, signal }: { start: number; end: number; signal: AbortSignal }): AsyncGenerator<Uint8Array, void, undefined> {
  const read = async (position: number): Promise<Uint8Array> => {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(Math.min(READ_SIZE, end - position)), 0, Math.min(READ_SIZE, end - position), position);
    return buffer.subarray(0, bytesRead);
  };
  let position = start;
  let next = position < end ? read(position) : undefined;
  try {
    while (next) {
      const chunk: Uint8Array = await next;
      next = undefined;
      signal.throwIfAborted();
      position += chunk.length;
      if (chunk.length > 0 && position < end) next = read(position);
      if (chunk.length > 0) yield chunk;
    }
  } finally {
    await next?.catch(() => undefined);
  }
}
