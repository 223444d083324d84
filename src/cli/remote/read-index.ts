import { indexEntries } from "../../carry/indexes/index-entries.ts";
import { registrySource } from "../../carry/places/registry-source.ts";
import { readDocument } from "../../carry/read-document.ts";
import type { Index } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import type { Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";

/** The index of that name; one of a single entry where it is an image. */
export async function readIndex(client: RegistryClient, reference: Reference, signal: AbortSignal): Promise<Index> {
  await using source = registrySource(client, reference);
  const root = await source.root(signal);
  const read = readDocument(root, source.name);
  if (read.kind === "index") return read.index;
  return { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: await indexEntries(source, root, signal) };
}
