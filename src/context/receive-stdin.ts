import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { diskFault } from "../std/disk-fault.ts";
import { fault } from "../std/fault.ts";
import { DOCKERFILE_LIMIT } from "./find-dockerfile.ts";

type Input = AsyncIterable<Uint8Array> | undefined;

/**
 * All of standard input, a Dockerfile, in memory.
 * @throws CONTEXT_EMPTY_INPUT, DOCKERFILE_UNREADABLE when it is too large
 */
export async function receiveBytes(stdin: Input, signal?: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stdin ?? []) {
    signal?.throwIfAborted();
    pieces.push(piece);
    size += piece.length;
    if (size > DOCKERFILE_LIMIT) throw fault("DOCKERFILE_UNREADABLE", { path: "standard input", reason: `it is larger than ${DOCKERFILE_LIMIT} bytes` });
  }
  if (size === 0) throw fault("CONTEXT_EMPTY_INPUT", {});
  return Buffer.concat(pieces);
}

/**
 * Writes all of standard input to a new file.
 * @throws CONTEXT_EMPTY_INPUT, DISK_FULL
 */
export async function receiveFile(stdin: Input, path: string, signal?: AbortSignal): Promise<void> {
  const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
  try {
    await pipeline(stdin ?? [], file, signal ? { signal } : {});
  } catch (error) {
    throw diskFault(error, path) ?? error;
  }
  if (file.bytesWritten === 0) throw fault("CONTEXT_EMPTY_INPUT", {});
}
