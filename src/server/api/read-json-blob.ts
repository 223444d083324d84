import type { Digest } from "../../oci/digest.ts";
import type { RegistryStorage } from "../storage/storage.ts";

/** Image configs are far smaller; whoever sends a larger one is not read. */
const LIMIT = 2 * 1024 * 1024;

/** A blob of the repository as an object; undefined where there is none, or what it holds is no object. */
export async function readJsonBlob({ blobs, metadata }: RegistryStorage, repository: string, digest: Digest): Promise<Readonly<Record<string, unknown>> | undefined> {
  const size = await metadata.blobSize(repository, digest);
  if (size === undefined || size === 0 || size > LIMIT) return undefined;
  const source = await blobs.read(digest, { start: 0, end: size - 1 });
  if (source === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
