import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestAlgorithm, digestHex, isDigest, type Digest } from "../../oci/digest.ts";
import { isTag } from "../../oci/reference.ts";
import { describeManifest } from "../describe-manifest.ts";
import { makeFolders, syncFolder, unlinkDurably, writeDurably } from "./durable-file.ts";
import type { ManifestRecord } from "./storage.ts";

const ALGORITHMS = ["sha256", "sha512"] as const;
/** Files read at once while a repository is loaded. */
const PARALLEL = 64;

/** The records of one repository as they are on disk, all in memory. */
export interface RepositoryRecords {
  readonly blobs: Set<Digest>;
  readonly manifests: Map<Digest, ManifestRecord>;
  readonly tags: Map<string, Digest>;
}

/**
 * The files of one repository. Its own folders start with `_`, which no name component may, so repositories nest:
 * `_blobs/<algorithm>/<hex>` (empty), `_manifests/<algorithm>/<hex>` (the bytes), `_tags/<tag>` (a digest).
 */
export function repositoryFolder(options: { base: string; name: string; temporary: string }) {
  const folder = join(options.base, options.name);
  const blobPath = (digest: Digest): string => join(folder, "_blobs", digestAlgorithm(digest), digestHex(digest));
  const manifestPath = (digest: Digest): string => join(folder, "_manifests", digestAlgorithm(digest), digestHex(digest));
  const tagPath = (tag: string): string => join(folder, "_tags", tag);

  return {
    /** `_tags` comes last: a repository counts from then on. */
    async create(): Promise<void> {
      for (const algorithm of ALGORITHMS) {
        await makeFolders(options.base, join(folder, "_blobs", algorithm));
        await makeFolders(options.base, join(folder, "_manifests", algorithm));
      }
      await makeFolders(options.base, join(folder, "_tags"));
    },

    /** What cannot be read is left out and told to `report`: one damaged file must not take the others away. */
    async load(report: (problem: Error) => void): Promise<RepositoryRecords> {
      const records: RepositoryRecords = { blobs: new Set(), manifests: new Map(), tags: new Map() };
      for (const algorithm of ALGORITHMS) {
        for (const hex of await readdir(join(folder, "_blobs", algorithm))) {
          const digest = `${algorithm}:${hex}`;
          if (isDigest(digest)) records.blobs.add(digest);
        }
        await inParallel(await readdir(join(folder, "_manifests", algorithm)), async (hex) => {
          const digest = `${algorithm}:${hex}`;
          if (!isDigest(digest)) return;
          try {
            records.manifests.set(digest, describeManifest(await readFile(manifestPath(digest)), digest));
          } catch (cause) {
            report(new Error(`the stored manifest ${options.name}@${digest} cannot be read`, { cause }));
          }
        });
      }
      await inParallel(await readdir(join(folder, "_tags")), async (tag) => {
        const digest = (await readFile(tagPath(tag), "utf8")).trim();
        if (isTag(tag) && isDigest(digest) && records.manifests.has(digest)) records.tags.set(tag, digest);
        else report(new Error(`the stored tag ${options.name}:${tag} names no manifest`));
      });
      return records;
    },

    /** Asks the disk, without loading the repository. */
    async holdsBlob(digest: Digest): Promise<boolean> {
      return access(blobPath(digest)).then(() => true, () => false);
    },
    async addBlob(digest: Digest): Promise<void> {
      await writeFile(blobPath(digest), "");
      await syncFolder(join(folder, "_blobs", digestAlgorithm(digest)));
    },
    async removeBlob(digest: Digest): Promise<void> {
      await unlinkDurably(blobPath(digest));
    },
    readManifest(digest: Digest): Promise<Uint8Array> {
      return readFile(manifestPath(digest));
    },
    async writeManifest(digest: Digest, bytes: Uint8Array): Promise<void> {
      await writeDurably(manifestPath(digest), bytes, options.temporary);
    },
    async removeManifest(digest: Digest): Promise<void> {
      await unlinkDurably(manifestPath(digest));
    },
    async writeTag(tag: string, digest: Digest): Promise<void> {
      await writeDurably(tagPath(tag), `${digest}\n`, options.temporary);
    },
    async removeTag(tag: string): Promise<void> {
      await unlinkDurably(tagPath(tag));
    },
  };
}

export type RepositoryFolder = ReturnType<typeof repositoryFolder>;

/** The names of all repositories below `base`. */
export async function findRepositories(base: string): Promise<string[]> {
  const names: string[] = [];
  const visit = async (name: string): Promise<void> => {
    const children = (await readdir(join(base, name), { withFileTypes: true })).filter((entry) => entry.isDirectory());
    if (children.some((entry) => entry.name === "_tags")) names.push(name);
    await inParallel(children.filter((entry) => !entry.name.startsWith("_")), (entry) => visit(name === "" ? entry.name : `${name}/${entry.name}`));
  };
  await visit("");
  return names;
}

async function inParallel<Item>(items: readonly Item[], task: (item: Item) => Promise<void>): Promise<void> {
  for (let index = 0; index < items.length; index += PARALLEL) await Promise.all(items.slice(index, index + PARALLEL).map(task));
}
