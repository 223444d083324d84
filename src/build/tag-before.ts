import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT, parseManifest } from "../oci/manifest.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import type { Store } from "../store/open-store.ts";
import type { ClientSource } from "./lazy-client.ts";

/** What a registry has under a name, where that is known to the store. */
export interface TagBefore {
  readonly reference: Reference;
  /** Of the manifest. */
  readonly digest: Digest;
  /** What the manifest names. */
  readonly blobs: ReadonlySet<Digest>;
  /** When the registry said so, in milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Asks a registry whether it still has what the store knows under that name. Then it need not be asked for what this
 * consists of: a registry keeps what its manifests name. It is asked by HEAD, since some count what they give as pulls.
 * @returns undefined where there is nothing to compare with, where the registry has another image, and where it has trouble
 */
export async function askForTag(store: Store, client: ClientSource, reference: Reference, signal: AbortSignal): Promise<TagBefore | undefined> {
  try {
    const known = store.images.named(formatReference(reference))?.manifest;
    if (known === undefined || reference.tag === undefined) return undefined;
    const { config, layers } = parseManifest(store.blobs.readBytes(known.digest, MANIFEST_LIMIT));
    const there = await (await client()).manifestHead(reference, { push: true, once: true, signal });
    if (there?.digest !== known.digest) return undefined;
    return { reference, digest: known.digest, blobs: new Set([config, ...layers].map(({ digest }) => digest)), at: Date.now() };
  } catch {
    // Whoever pushes is told what is wrong with the registry.
    return undefined;
  }
}
