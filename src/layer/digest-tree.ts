import { closeSync, openSync, readSync } from "node:fs";
import { createDigester, type Digest } from "../oci/digest.ts";
import { walkMerged } from "./flatten.ts";

/** A regular file of a stack of layers. */
export interface DigestedFile {
  readonly path: string;
  readonly digest: Digest;
}

/** The digests of all regular files that a stack of layers (top first) shows; a worker job. */
export function digestTree({ layers }: { layers: readonly string[] }): DigestedFile[] {
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const found: DigestedFile[] = [];
  for (const { path, hostPath, stat } of walkMerged(layers)) if (stat.isFile()) found.push({ path, digest: digestFile(hostPath, buffer) });
  return found;
}

function digestFile(path: string, buffer: Buffer): Digest {
  const digester = createDigester("sha256");
  const file = openSync(path, "r");
  try {
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) digester.update(buffer.subarray(0, count));
  } finally {
    closeSync(file);
  }
  return digester.digest();
}
