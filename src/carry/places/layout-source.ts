import { digestAlgorithm, digestHex, type Digest } from "../../oci/digest.ts";
import { parseIndex, type Descriptor } from "../../oci/manifest.ts";
import { isManifest } from "../../oci/media-type.ts";
import { familiarReference, parseReference } from "../../oci/reference.ts";
import { referrersTag } from "../../oci/referrers-tag.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { Document, Referrer, Source } from "../place.ts";
import { checkedDocument, subjectOf } from "../read-document.ts";
import { readSmall, type LayoutFiles } from "./layout-files.ts";
import { referrerDescriptor } from "./referrer-tags.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
const FULL_NAME = "io.containerd.image.name";
/** Entries without a name are looked into for what they refer to. */
const MOST_UNNAMED = 2_000;

/** An image of an OCI layout, in a folder or an archive. It owns the files. @throws LAYOUT_INVALID, LAYOUT_NAME */
export function layoutSource(files: LayoutFiles, options: { readonly name: string; readonly tag?: string | undefined }): Source {
  const { name, tag } = options;
  let entries: Promise<readonly Descriptor[]> | undefined;
  const indexed = (signal: AbortSignal): Promise<readonly Descriptor[]> => (entries ??= readEntries(files, signal));
  const manifestGet = (descriptor: Pick<Descriptor, "digest" | "mediaType">, signal: AbortSignal): Promise<Document> => layoutDocument(files, descriptor, signal);
  let referrers: Promise<ReadonlyMap<Digest, readonly Referrer[]>> | undefined;
  return {
    name,
    root: async (signal) => manifestGet(chooseEntry(await indexed(signal), files.path, tag), signal),
    manifestGet,
    blobOpen: (blob, { start, signal }) => files.read(blobPath(blob.digest), { start, signal }),
    async referrerList(digest, signal) {
      const all = await indexed(signal);
      referrers ??= findReferrers(files, all, signal);
      const tags = all.filter((entry) => entry.annotations?.[REF_NAME]?.startsWith(`${referrersTag(digest)}.`));
      const list = all.find((entry) => entry.annotations?.[REF_NAME] === referrersTag(digest));
      return [
        ...((await referrers).get(digest) ?? []),
        ...(list ? parseIndex((await manifestGet(list, signal)).bytes, referrersTag(digest)).manifests : []),
        ...tags.map((entry) => ({ ...entry, tag: entry.annotations![REF_NAME]! })),
      ];
    },
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  };
}

export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** A manifest or index of a layout. @throws LAYOUT_INVALID, CONTENT_MISMATCH */
export async function layoutDocument(files: LayoutFiles, descriptor: Pick<Descriptor, "digest" | "mediaType">, signal: AbortSignal): Promise<Document> {
  return checkedDocument(await readSmall(files, blobPath(descriptor.digest), signal), descriptor, files.path);
}

/** The entries of index.json. @throws LAYOUT_INVALID, DOCUMENT_INVALID */
export async function readEntries(files: LayoutFiles, signal: AbortSignal): Promise<readonly Descriptor[]> {
  return parseIndex(await readSmall(files, "index.json", signal), `index.json of ${files.path}`).manifests;
}

/** The entry of that name; without one the only entry, or the only one that has a name. */
function chooseEntry(entries: readonly Descriptor[], path: string, wanted: string | undefined): Descriptor {
  const named = entries.filter((entry) => namesOf(entry).length > 0);
  const names = [...new Set(named.flatMap(namesOf))].filter((each) => !/^sha\d+-[a-f0-9]{32,}(?:\.\w+)?$/.test(each));
  if (wanted !== undefined) {
    const found = entries.find((entry) => namesOf(entry).includes(wanted) || entry.digest === wanted);
    if (found) return found;
    throw fault("LAYOUT_NAME", { path, wanted, names });
  }
  const candidates = [entries, named.filter((entry) => namesOf(entry).some((each) => names.includes(each)))];
  for (const list of candidates) if (new Set(list.map(({ digest }) => digest)).size === 1) return list[0]!;
  throw fault("LAYOUT_NAME", { path, names });
}

/** The tag, and the full name where containerd, Docker or podman wrote one, short as it is typed. */
function namesOf({ annotations }: Descriptor): string[] {
  const [short, full] = [annotations?.[REF_NAME], annotations?.[FULL_NAME]];
  return [...new Set([short, full, full === undefined ? undefined : familiar(full)].filter((name) => name !== undefined))];
}

function familiar(name: string): string | undefined {
  try {
    return familiarReference(parseReference(name));
  } catch (error) {
    if (isFault(error, "REFERENCE_INVALID")) return undefined;
    throw error;
  }
}

/** Manifests that index.json lists without a name, by what they refer to. */
async function findReferrers(files: LayoutFiles, entries: readonly Descriptor[], signal: AbortSignal): Promise<ReadonlyMap<Digest, readonly Referrer[]>> {
  const found = new Map<Digest, Referrer[]>();
  const unnamed = entries.filter((entry) => isManifest(entry.mediaType) && entry.annotations?.[REF_NAME] === undefined);
  if (unnamed.length > MOST_UNNAMED) throw fault("LAYOUT_INVALID", { path: files.path, problem: `index.json lists more than ${MOST_UNNAMED} manifests without a name` });
  for (const entry of unnamed) {
    const document = await layoutDocument(files, entry, signal);
    const subject = subjectOf(document);
    if (subject !== undefined) found.set(subject, [...(found.get(subject) ?? []), referrerDescriptor(document)]);
  }
  return found;
}
