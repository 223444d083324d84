import { completeMultipart, isMissing, type MultipartUpload } from "../../../s3/multipart.ts";
import type { S3Session } from "../../../s3/s3-session.ts";
import type { UploadPiece } from "../object-records.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { never, objectSize, readObject } from "./object-store.ts";
import type { Held, UploadTail } from "./upload-tail.ts";

/**
 * What is in memory, behind the bytes of these objects, which are small. Who waits for memory to read them holds none: what is in memory becomes an
 * object too then, by `putTail`.
 */
export async function gatherPieces(session: S3Session, objects: readonly UploadPiece[], { tail, budget, putTail }: { tail: UploadTail; budget: MemoryBudget; putTail: () => Promise<UploadPiece> }): Promise<Held> {
  if (objects.length === 0) return tail.take();
  const sizeOf = (pieces: readonly UploadPiece[]): number => pieces.reduce((total, { size }) => total + size, 0);
  let behind = objects;
  if (!budget.tryTake(sizeOf(behind))) {
    if (tail.size > 0) behind = [...behind, await putTail()];
    await budget.take(sizeOf(behind));
  }
  const counted = sizeOf(behind);
  try {
    const chunks = await bytesOf(session, behind);
    const rest = tail.take();
    return { chunks: [...chunks, ...rest.chunks], counted: counted + rest.counted };
  } catch (error) {
    budget.giveBack(counted);
    throw error;
  }
}

async function bytesOf(session: S3Session, objects: readonly UploadPiece[]): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (const { name, size } of objects) {
    const bytes = await readObject(session, name, { start: 0, end: size - 1, whole: size });
    if (!bytes) throw new Error("the bytes of an upload are gone");
    for await (const chunk of bytes) chunks.push(chunk);
  }
  return chunks;
}

/** The end of an upload in parts; it may have come already, without the answer reaching anybody. */
export async function endMultipart(session: S3Session, multipart: MultipartUpload, { parts, size }: { parts: readonly UploadPiece[]; size: number }): Promise<void> {
  try {
    await completeMultipart(session, multipart, parts.map(({ name }) => name), never);
  } catch (error) {
    if (!isMissing(error) || (await objectSize(session, multipart.key)) !== size) throw error;
  }
}
