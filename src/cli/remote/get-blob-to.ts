import { pipeline } from "node:stream/promises";
import { writeOutput } from "../../export/write-output.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { fault } from "../../std/fault.ts";

/** Writes a blob to a file or, as `-`, to standard output. @throws BLOB_UNKNOWN, BLOB_DIGEST_MISMATCH, OUTPUT_INVALID */
export async function getBlobTo(
  client: RegistryClient, reference: Reference & { readonly digest: Digest }, { dest, cwd, signal }: { dest: string; cwd: string; signal: AbortSignal },
): Promise<void> {
  const { host, repository, digest } = reference;
  const found = await client.blobHead(reference, digest, { signal });
  if (!found) throw fault("BLOB_UNKNOWN", { host, repository, digest });
  if (found.size === undefined) throw fault("RESPONSE_INVALID", { host, request: `HEAD of ${digest}`, problem: "Content-Length is missing" });
  const blob = { digest, size: found.size };
  await writeOutput(dest, cwd, (output) => pipeline(client.blobGet(reference, blob, { signal }), output, { end: output !== process.stdout }));
}
