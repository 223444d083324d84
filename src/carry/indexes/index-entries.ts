import { parseImageConfig } from "../../oci/image-config.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { formatPlatform, normalizePlatform } from "../../oci/platform.ts";
import type { Document, Source } from "../place.ts";
import { readBlob } from "../read-blob.ts";
import { readDocument } from "../read-document.ts";

/** What an index says of a source: its entries where it is an index itself, else one with the platform of its config. */
export async function indexEntries(source: Source, root: Document, signal: AbortSignal): Promise<readonly Descriptor[]> {
  const read = readDocument(root, source.name);
  if (read.kind === "index") return read.index.manifests;
  const { config, artifactType } = read.manifest;
  const entry = { mediaType: root.mediaType, digest: root.digest, size: root.bytes.length };
  if (config.mediaType !== mediaType.ociConfig && config.mediaType !== mediaType.dockerConfig) return [{ ...entry, artifactType: artifactType ?? config.mediaType }];
  const { os, architecture, variant, "os.version": version } = parseImageConfig(await readBlob(source, config, signal), `the config of ${source.name}`);
  return [{ ...entry, platform: { architecture, os, ...(variant ? { variant } : {}), ...(version ? { "os.version": version } : {}) } }];
}

/** What two entries of one index must not have in common; nothing for attestations and what names no platform. */
export function platformKey({ platform }: Descriptor): string | undefined {
  if (!platform || platform.os === "unknown") return undefined;
  return `${formatPlatform(normalizePlatform(platform))}${platform["os.version"] ? ` ${platform["os.version"]}` : ""}`;
}
