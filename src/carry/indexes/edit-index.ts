import { sha256, type Digest } from "../../oci/digest.ts";
import { serializeManifest, type Descriptor, type Index } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { attests } from "../../oci/select-platform.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { Document } from "../place.ts";
import { platformKey } from "./index-entries.ts";

/** An index of these entries. @throws INDEX_INVALID where two are for one platform */
export function makeIndex(name: string, entries: readonly Descriptor[], annotations: Readonly<Record<string, string>>): Document {
  const manifests = unique(entries);
  const platforms = new Map<string, Digest>();
  for (const entry of manifests) {
    const key = platformKey(entry);
    const other = key === undefined ? undefined : platforms.get(key);
    if (other) throw fault("INDEX_INVALID", { reference: name, problem: `two images are for ${key}: ${other} and ${entry.digest}`, hint: "leave one of them away; `index add` puts the new one in the place of the old" });
    if (key !== undefined) platforms.set(key, entry.digest);
  }
  return documentOf({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) });
}

/** The index with more entries; one for the same platform is taken out, with its attestations. */
export function addEntries(index: Index, entries: readonly Descriptor[], annotations: Readonly<Record<string, string>>): Document {
  const coming = new Set(entries.flatMap((entry) => platformKey(entry) ?? []));
  const digests = new Set(entries.map(({ digest }) => digest));
  const leaving = new Set<string>(index.manifests.filter((entry) => coming.has(platformKey(entry) ?? "") && !digests.has(entry.digest)).map(({ digest }) => digest));
  return changed(index, unique([...without(index.manifests, leaving), ...entries]), annotations);
}

/** The index without what the words mean: digests or platforms. @throws INDEX_INVALID where a word means nothing in it */
export function removeEntries(name: string, index: Index, words: readonly string[]): Document {
  const leaving = new Set<string>();
  for (const word of words) {
    const platform = platformOf(word);
    const found = index.manifests.filter((entry) => entry.digest === word || (platform !== undefined && platformKey(entry) === platform));
    if (found.length === 0) {
      const held = index.manifests.flatMap((entry) => platformKey(entry) ?? []);
      throw fault("INDEX_INVALID", { reference: name, problem: `it has no entry ${word}`, hint: `it has ${held.length > 0 ? held.join(", ") : index.manifests.map(({ digest }) => digest).join(", ")}` });
    }
    for (const { digest } of found) leaving.add(digest);
  }
  const manifests = without(index.manifests, leaving);
  if (manifests.length === 0) throw fault("INDEX_INVALID", { reference: name, problem: "nothing would be left in it", hint: "`sampan delete` removes it altogether" });
  return changed(index, manifests, {});
}

function platformOf(word: string): string | undefined {
  if (word.startsWith("sha")) return undefined;
  try {
    return platformKey({ platform: parsePlatform(word) } as Descriptor);
  } catch (error) {
    if (isFault(error, "PLATFORM_INVALID")) return undefined;
    throw error;
  }
}

function without(entries: readonly Descriptor[], leaving: ReadonlySet<string>): Descriptor[] {
  return entries.filter((entry) => !leaving.has(entry.digest) && !leaving.has(attests(entry) ?? ""));
}

function unique(entries: readonly Descriptor[]): Descriptor[] {
  return [...new Map(entries.map((entry) => [entry.digest, entry])).values()];
}

/** Members that are not understood stay. */
function changed(index: Index, manifests: readonly Descriptor[], annotations: Readonly<Record<string, string>>): Document {
  const all = { ...index.annotations, ...annotations };
  return documentOf({ ...index, mediaType: index.mediaType ?? mediaType.ociIndex, manifests, ...(Object.keys(all).length > 0 ? { annotations: all } : {}) });
}

function documentOf(index: Index): Document {
  const bytes = serializeManifest(index);
  return { bytes, mediaType: index.mediaType!, digest: sha256(bytes) };
}
