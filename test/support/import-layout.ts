import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../src/oci/digest.ts";
import { openStore } from "../../src/store/open-store.ts";

/** Puts the image of an OCI layout into a store under a name, `docker.io/library/busybox:latest`. */
export async function importLayout(root: string, layout: string, name: string): Promise<Digest[]> {
  await using store = await openStore(root);
  const blob = (digest: string): Buffer => readFileSync(join(layout, "blobs", digest.replace(":", "/")));
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: { digest: string; mediaType: string }[] };
  const { digest, mediaType } = index.manifests[0]!;
  const manifest = JSON.parse(blob(digest).toString()) as { config: { digest: string }; layers: { digest: string }[] };
  for (const layer of manifest.layers) store.blobs.writeBytes(blob(layer.digest));
  const image = store.images.put({ config: blob(manifest.config.digest), manifest: { bytes: blob(digest), mediaType }, names: [name] });
  return [...image.config.rootfs.diff_ids];
}
