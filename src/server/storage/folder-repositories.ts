import type { Digest } from "../../oci/digest.ts";
import { isDigest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import { createByteCache } from "./byte-cache.ts";
import type { FolderBlobs } from "./folder-blobs.ts";
import { createKeyedLock } from "./keyed-lock.ts";
import { findRepositories, repositoryFolder, type RepositoryFolder, type RepositoryRecords } from "./repository-folder.ts";
import type { ManifestRecord, RepositoryStorage } from "./storage.ts";

const CACHED_MANIFEST_BYTES = 32 * 1024 * 1024;

export interface FolderRepositories extends RepositoryStorage {
  /** Stores a blob by `adopt` unless its bytes are there already, then links it to the repository. */
  addBlob(repository: string, digest: Digest, adopt: () => Promise<void>): Promise<void>;
}

/** One loaded repository: its files, and the same in memory with two derived views. */
interface Loaded extends RepositoryRecords {
  readonly folder: RepositoryFolder;
  readonly referrers: Map<Digest, Map<Digest, ManifestRecord>>;
  sortedTags: readonly string[] | undefined;
}

/**
 * Records in folders, read when a repository is first asked for and then answered from memory: only this process
 * writes here. Each change goes to the disk first. Changes of one blob, one manifest (`name@digest`) and one tag
 * (`name:tag`) happen one at a time; who holds a manifest may wait for a tag, never the other way round.
 */
export async function openFolderRepositories(options: {
  base: string;
  temporary: string;
  blobs: FolderBlobs;
  report: (problem: Error) => void;
}): Promise<FolderRepositories> {
  const names = new Set(await findRepositories(options.base));
  let sortedNames: readonly string[] | undefined;
  const loaded = new Map<string, Promise<Loaded>>();
  const manifestBytes = createByteCache(CACHED_MANIFEST_BYTES);
  const lock = createKeyedLock();

  const find = (name: string): Promise<Loaded | undefined> => (names.has(name) ? load(name) : Promise.resolve(undefined));

  const load = (name: string): Promise<Loaded> => {
    let entry = loaded.get(name);
    if (!entry) {
      entry = readRepository(name);
      loaded.set(name, entry);
      entry.catch(() => loaded.delete(name));
    }
    return entry;
  };

  const readRepository = async (name: string): Promise<Loaded> => {
    const folder = repositoryFolder({ base: options.base, name, temporary: options.temporary });
    const repository: Loaded = { ...(await folder.load(options.report)), folder, referrers: new Map(), sortedTags: undefined };
    for (const record of repository.manifests.values()) addReferrer(repository, record);
    return repository;
  };

  const findOrCreate = async (name: string): Promise<Loaded> => {
    if (!names.has(name)) {
      await lock(`create ${name}`, async () => {
        if (names.has(name)) return;
        await repositoryFolder({ base: options.base, name, temporary: options.temporary }).create();
        names.add(name);
        sortedNames = undefined;
      });
    }
    return load(name);
  };

  const link = async (name: string, digest: Digest): Promise<void> => {
    const repository = await findOrCreate(name);
    if (repository.blobs.has(digest)) return;
    await repository.folder.addBlob(digest);
    repository.blobs.add(digest);
  };

  return {
    exists: async (name) => names.has(name),
    names: async () => (sortedNames ??= [...names].sort()),

    hasBlob: async (name, digest) => ((await find(name))?.blobs.has(digest) ?? false) && (await options.blobs.size(digest)) !== undefined,
    addBlob: (name, digest, adopt) =>
      lock(digest, async () => {
        const present = (await options.blobs.size(digest)) !== undefined;
        if (!present) await adopt();
        // Both at once: after a crash a link may stay without its blob, which `hasBlob` does not believe.
        await Promise.all([present ? undefined : options.blobs.sync(digest), link(name, digest)]);
      }),
    linkBlob: (name, digest) =>
      lock(digest, async () => {
        if ((await options.blobs.size(digest)) === undefined) return false;
        await link(name, digest);
        return true;
      }),
    unlinkBlob: (name, digest) =>
      lock(digest, async () => {
        const repository = await find(name);
        if (!repository?.blobs.has(digest)) return false;
        await repository.folder.removeBlob(digest);
        repository.blobs.delete(digest);
        for (const other of names) {
          if (await repositoryFolder({ base: options.base, name: other, temporary: options.temporary }).holdsBlob(digest)) return true;
        }
        await options.blobs.delete(digest);
        return true;
      }),

    putManifest: async (name, { bytes, ...record }, tags) => {
      const repository: Loaded = await findOrCreate(name);
      await lock(`${name}@${record.digest}`, async () => {
        if (repository.manifests.has(record.digest)) return;
        await repository.folder.writeManifest(record.digest, bytes);
        repository.manifests.set(record.digest, record);
        addReferrer(repository, record);
        manifestBytes.set(record.digest, bytes);
      });
      await Promise.all(
        tags.map((tag) =>
          lock(`${name}:${tag}`, async () => {
            if (repository.tags.get(tag) === record.digest) return;
            await repository.folder.writeTag(tag, record.digest);
            if (!repository.tags.has(tag)) repository.sortedTags = undefined;
            repository.tags.set(tag, record.digest);
            // Deleted meanwhile: the deletion looked at the tags before this one was there.
            if (!repository.manifests.has(record.digest)) await removeTag(repository, tag);
          }),
        ),
      );
    },
    hasManifest: async (name, digest) => (await find(name))?.manifests.has(digest) ?? false,
    manifest: async (name, reference) => {
      const repository = await find(name);
      if (!repository) return undefined;
      const digest = isDigest(reference) ? reference : repository.tags.get(reference);
      const record = digest && repository.manifests.get(digest);
      if (!record) return undefined;
      let bytes = manifestBytes.get(record.digest);
      if (!bytes) {
        try {
          bytes = await repository.folder.readManifest(record.digest);
        } catch (error) {
          if (repository.manifests.has(record.digest)) throw error;
          return undefined; // deleted while it was being read
        }
        manifestBytes.set(record.digest, bytes);
      }
      return { ...record, bytes };
    },
    deleteManifest: async (name, digest) => {
      const repository = await find(name);
      if (!repository) return false;
      return lock(`${name}@${digest}`, async () => {
        const record = repository.manifests.get(digest);
        if (!record) return false;
        repository.manifests.delete(digest);
        try {
          // Tags first: a crash in between leaves a manifest without tag, never a tag without manifest.
          for (const tag of [...repository.tags.keys()]) {
            if (repository.tags.get(tag) !== digest) continue;
            await lock(`${name}:${tag}`, async () => {
              if (repository.tags.get(tag) === digest) await removeTag(repository, tag);
            });
          }
          await repository.folder.removeManifest(digest);
        } catch (error) {
          repository.manifests.set(digest, record);
          throw error;
        }
        manifestBytes.delete(digest);
        if (record.subject) repository.referrers.get(record.subject)?.delete(digest);
        return true;
      });
    },
    deleteTag: async (name, tag) => {
      const repository = await find(name);
      if (!repository) return false;
      return lock(`${name}:${tag}`, async () => {
        if (!repository.tags.has(tag)) return false;
        await removeTag(repository, tag);
        return true;
      });
    },
    tags: async (name) => {
      const repository = await find(name);
      return repository && (repository.sortedTags ??= [...repository.tags.keys()].sort());
    },
    referrers: async (name, subject) => {
      const records = (await find(name))?.referrers.get(subject)?.values() ?? [];
      return [...records].map(describe).sort((a, b) => (a.digest < b.digest ? -1 : 1));
    },
  };
}

function addReferrer(repository: Loaded, record: ManifestRecord): void {
  if (!record.subject) return;
  const known = repository.referrers.get(record.subject) ?? new Map<Digest, ManifestRecord>();
  repository.referrers.set(record.subject, known.set(record.digest, record));
}

async function removeTag(repository: Loaded, tag: string): Promise<void> {
  await repository.folder.removeTag(tag);
  repository.tags.delete(tag);
  repository.sortedTags = undefined;
}

function describe({ mediaType, digest, size, artifactType, annotations }: ManifestRecord): Descriptor {
  return { mediaType, digest, size, ...(artifactType ? { artifactType } : {}), ...(annotations ? { annotations } : {}) };
}
