import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT } from "../oci/manifest.ts";
import { fault } from "../std/fault.ts";
import type { BlobTarget } from "./blobs.ts";
import type { ArchiveContents, ArchivedFile } from "./scan-archive.ts";

/** An archive that was scanned, and where its blobs went. */
export interface ArchivePlace {
  /** What messages call it. */
  readonly archive: string;
  readonly contents: ArchiveContents;
  readonly target: BlobTarget;
}

/** The bytes of a document of the archive, wherever they went. @throws IMAGE_ARCHIVE_INVALID when it is too large */
export function bytesOf({ archive, target }: ArchivePlace, file: ArchivedFile): Uint8Array {
  if (file.size > MANIFEST_LIMIT) throw fault("IMAGE_ARCHIVE_INVALID", { archive, problem: `a document in it has ${file.size} bytes, at most ${MANIFEST_LIMIT} are read` });
  return file.bytes ?? target.readBytes(file.digest!, MANIFEST_LIMIT);
}

/** The bytes of a document blob; undefined where it is neither in the archive nor in the target. */
export function documentBlob({ target }: ArchivePlace, digest: Digest): Uint8Array | undefined {
  return target.has(digest) ? target.readBytes(digest, MANIFEST_LIMIT) : undefined;
}
