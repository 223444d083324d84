import { isDigest, type Digest } from "../../oci/digest.ts";
import { parseObject } from "../../oci/manifest.ts";
import { isIndex } from "../../oci/media-type.ts";
import { annotationsText } from "./describe-manifest.ts";
import type { StoredManifest } from "./records.ts";

/** The subject that a fallback tag stands for (distribution-spec, "Referrers Tag Schema"); a sha512 does not fit into a tag. */
export function fallbackSubject(tag: string): Digest | undefined {
  return /^sha256-[a-f0-9]{64}$/.test(tag) ? `sha256:${tag.slice("sha256-".length)}` : undefined;
}

/** What the index of a fallback tag says of the manifests that it lists. */
export function listedReferrers(manifest: StoredManifest): readonly { readonly digest: Digest; readonly artifactType: string | undefined; readonly annotations: string | null }[] {
  if (!isIndex(manifest.mediaType)) return [];
  const { manifests } = parseObject(manifest.bytes, "the index");
  if (!Array.isArray(manifests)) return [];
  return (manifests as (Readonly<Record<string, unknown>> | null)[]).flatMap((item) => {
    const { digest, artifactType, annotations } = item ?? {};
    if (typeof digest !== "string" || !isDigest(digest)) return [];
    return [{ digest, artifactType: typeof artifactType === "string" && artifactType !== "" ? artifactType : undefined, annotations: annotationsText(annotations) }];
  });
}
