import { closeSync, openSync, readSync } from "node:fs";
import { createDigester, type Digest } from "../../oci/digest.ts";

/** What a file turned out to hold; nothing for one that cannot be read. */
export interface Hashed {
  readonly digest: Digest;
  readonly size: number;
}

/** Reads files from beginning to end; a worker job. */
export function hashFiles(files: readonly { readonly path: string; readonly algorithm: "sha256" | "sha512" }[]): (Hashed | undefined)[] {
  const buffer = Buffer.allocUnsafeSlow(1024 * 1024);
  return files.map(({ path, algorithm }) => {
    try {
      return hashFile(path, algorithm, buffer);
    } catch {
      return undefined;
    }
  });
}

function hashFile(path: string, algorithm: "sha256" | "sha512", buffer: Buffer): Hashed {
  const file = openSync(path, "r");
  try {
    const digester = createDigester(algorithm);
    let size = 0;
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
      digester.update(buffer.subarray(0, count));
      size += count;
    }
    return { digest: digester.digest(), size };
  } finally {
    closeSync(file);
  }
}
