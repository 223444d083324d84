import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { digestAlgorithm, digestBytes, digestHex, type Digest } from "../../../oci/digest.ts";
import { parseObject } from "../../../oci/manifest.ts";
import { isIndex, isManifest } from "../../../oci/media-type.ts";
import { fault } from "../../../std/fault.ts";
import { describeManifest } from "../describe-manifest.ts";
import { syncFolder } from "../folder/durable-file.ts";
import { placeFile } from "../folder/place-file.ts";
import { referencesOf } from "../manifest-references.ts";
import type { ImportedRepository } from "../records.ts";
import { removeBlob } from "../remove-blob.ts";
import { DISTRIBUTION_BASE, distributionBlob, readDistribution, type DistributionRepository } from "../takeover/read-distribution.ts";
import { keeper, type OpenedFolder } from "./open-beside.ts";

/** Records that one transaction takes over, so that a server beside it need not wait long. */
const PART = 500;
/** How often bytes are brought that a server removes at the same time. */
const ATTEMPTS = 10;

export interface ImportedRegistry {
  readonly repositories: number;
  readonly blobs: number;
  readonly manifests: number;
  readonly tags: number;
}

/**
 * To be asked before anything is made for what will be imported.
 * @throws SERVER_IMPORT_INVALID when it is no folder of docker-registry
 */
export function checkDistribution(folder: string): void {
  if (!existsSync(join(folder, DISTRIBUTION_BASE, "repositories"))) throw fault("SERVER_IMPORT_INVALID", { folder });
}

/**
 * Takes over a folder of docker-registry, whose server may go on reading it: blobs get a second name here, or are copied where that is
 * not possible, and nothing there changes. What is here already stays as it is, so that it can be repeated. Manifests are
 * compared with their digests; blobs are not read.
 * @throws SERVER_IMPORT_INVALID when it is no such folder
 */
export async function importDistribution(
  target: OpenedFolder,
  folder: string,
  options: { copy: boolean; signal?: AbortSignal; onRepository: (name: string) => void; report: (problem: Error) => void },
): Promise<ImportedRegistry> {
  checkDistribution(folder);
  const base = join(folder, DISTRIBUTION_BASE);
  // What a crash has left half removed must not look as if it were here.
  for (const digest of await target.metadata.abandonedBlobs(Number.MAX_SAFE_INTEGER)) await removeBlob({ blobs: target.files, metadata: target.metadata }, digest);
  const count = { repositories: 0, blobs: 0, manifests: 0, tags: 0 };
  for await (const found of readDistribution(base)) {
    options.signal?.throwIfAborted();
    options.onRepository(found.name);
    const blobs = await presentBlobs(base, found, options);
    for (const part of inParts(blobs)) await takeBlobs(target, base, { name: found.name, blobs: part }, options);
    const manifests = await readManifests(base, found, options);
    const lost = await takeOver(target, { name: found.name, manifests, tags: found.tags });
    for (const tag of lost) options.report(new Error(`the tag ${found.name}:${tag} names no manifest, and is left out`));
    count.repositories += 1;
    count.blobs += blobs.length;
    count.manifests += manifests.length;
    count.tags += found.tags.length - lost.length;
  }
  return count;
}

async function presentBlobs(base: string, { name, layers }: DistributionRepository, { report }: { report: (problem: Error) => void }): Promise<ImportedRepository["blobs"]> {
  const blobs: { digest: Digest; size: number; at: number }[] = [];
  for (const { digest, at } of layers) {
    const found = await stat(distributionBlob(base, digest)).catch(() => undefined);
    if (found) blobs.push({ digest, size: found.size, at });
    else report(new Error(`the blob ${name}@${digest} has no bytes, and is left out`));
  }
  return blobs;
}

/**
 * Brings bytes and their records. A server beside it may be about to remove bytes of the same digest that nobody needed until now, between both: so it is
 * looked at again when the records are there, from which on no collector can take them.
 */
async function takeBlobs(target: OpenedFolder, base: string, { name, blobs }: Pick<ImportedRepository, "name" | "blobs">, options: { copy: boolean; signal?: AbortSignal }): Promise<void> {
  const { root, metadata, files } = target;
  const pathOf = (digest: Digest): string => join(root, "blobs", digestAlgorithm(digest), digestHex(digest));
  let left = blobs;
  for (let attempt = 1; left.length > 0; attempt += 1) {
    if (attempt > ATTEMPTS) throw fault("SERVER_UPKEEP_BUSY", { root, pid: 0 });
    for (const { digest } of left) {
      options.signal?.throwIfAborted();
      if ((await metadata.blobState(digest)) === "deleting") await removeBlob({ blobs: files, metadata }, digest);
      await placeFile(distributionBlob(base, digest), pathOf(digest), { copy: options.copy, temporary: join(root, "temporary") });
    }
    for (const algorithm of ["sha256", "sha512"]) await syncFolder(join(root, "blobs", algorithm));
    await metadata.importRepository({ name, blobs: left, manifests: [], tags: [] }, keeper);
    const lost: (typeof blobs)[number][] = [];
    for (const blob of left) {
      const there = await stat(pathOf(blob.digest)).catch(() => undefined);
      if (there?.size !== blob.size || (await metadata.blobState(blob.digest)) !== "live") lost.push(blob);
    }
    left = lost;
  }
}

async function readManifests(base: string, { name, manifests }: DistributionRepository, { report }: { report: (problem: Error) => void }): Promise<ImportedRepository["manifests"]> {
  const read: ImportedRepository["manifests"][number][] = [];
  for (const { digest, at } of manifests) {
    try {
      const bytes = await readFile(distributionBlob(base, digest));
      if (digestBytes(bytes, digestAlgorithm(digest)) !== digest) throw new Error("its bytes have another digest");
      const record = describeManifest(bytes, digest);
      if (!isIndex(record.mediaType) && !isManifest(record.mediaType)) throw new Error(`its type ${record.mediaType} is not served any more`);
      read.push({ manifest: { ...record, bytes }, references: referencesOf(parseObject(bytes, "the manifest")), at });
    } catch (cause) {
      report(new Error(`the manifest ${name}@${digest} is left out: ${(cause as Error).message}`, { cause }));
    }
  }
  return read;
}

async function takeOver({ metadata }: OpenedFolder, { name, manifests, tags }: Omit<ImportedRepository, "blobs">): Promise<string[]> {
  const lost: string[] = [];
  const nothing = { name, blobs: [], manifests: [], tags: [] };
  const parts: ImportedRepository[] = [
    ...inParts(manifests).map((part) => ({ ...nothing, manifests: part })),
    ...inParts(tags).map((part) => ({ ...nothing, tags: part })),
  ];
  for (const part of parts) lost.push(...(await metadata.importRepository(part, keeper)));
  return lost;
}

function inParts<Item>(items: readonly Item[]): (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / PART) }, (_, index) => items.slice(index * PART, (index + 1) * PART));
}
