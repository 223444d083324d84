import { createHash } from "node:crypto";
import { digestAlgorithm, digestBytes, type Digest } from "../../../oci/digest.ts";
import { removeBlob } from "../remove-blob.ts";
import { everyItem } from "./every-item.ts";
import { keeper, type OpenedFolder } from "./open-beside.ts";

/** A removal that takes longer was cut short, in milliseconds. */
const ABANDONED = 30_000;
/** Bytes without a row may be those of a push that goes on; older ones are left over from a crash. In milliseconds. */
const SETTLED = 60 * 60_000;

export interface RegistryProblem {
  readonly what: string;
  /** What a repair does, or who else can help. */
  readonly repair: string;
  readonly repaired: boolean;
}

export interface CheckedRegistry {
  readonly blobs: number;
  readonly bytes: number;
  readonly manifests: number;
  readonly repositories: number;
  readonly problems: number;
  readonly repaired: number;
}

/**
 * Compares records with bytes: every blob with its digest (with its size only, when `quick`), every manifest with its digest
 * and with what it names, and the files with the records. A repair takes damaged and lost blobs from their repositories, so that clients
 * push them again instead of finding them, and removes what is left over.
 */
export async function checkRegistry(
  folder: OpenedFolder,
  options: { repair: boolean; quick: boolean; settled?: number; signal?: AbortSignal; onProblem: (problem: RegistryProblem) => void },
): Promise<CheckedRegistry> {
  const { files, metadata } = folder;
  const remove = async (digest: Digest): Promise<void> => void (await removeBlob({ blobs: files, metadata }, digest));
  const count = { blobs: 0, bytes: 0, manifests: 0, repositories: 0, problems: 0, repaired: 0 };
  const problem = async (what: string, repair: string, mend?: () => Promise<void>): Promise<void> => {
    const repaired = options.repair && mend !== undefined;
    if (repaired) await mend();
    count.problems += 1;
    if (repaired) count.repaired += 1;
    options.onProblem({ what, repair, repaired });
  };

  for (const text of await metadata.verify()) await problem(`the database is damaged: ${text}`, "restore a backup");

  for (const text of await metadata.wrongSums({ mend: options.repair })) await problem(text, "it is summed up anew", async () => undefined);

  for (const digest of await metadata.abandonedBlobs(Date.now() - ABANDONED)) {
    await problem(`the removal of ${digest} was cut short`, "it is ended", () => remove(digest));
  }

  for await (const { digest, size, state } of everyItem((range) => metadata.blobs(range), (blob) => blob.digest)) {
    options.signal?.throwIfAborted();
    if (state === "deleting") continue;
    count.blobs += 1;
    count.bytes += size;
    const damage = await findDamage(folder, { digest, size, quick: options.quick });
    // It may have been deleted while it was looked at.
    if (damage === undefined || (await metadata.blobState(digest)) !== "live") continue;
    await problem(`the blob ${digest} ${damage}`, "it is taken from its repositories, so that clients push it again instead of finding it; images with it are broken until then", async () => {
      await metadata.loseBlob(digest, keeper);
      await remove(digest);
    });
  }

  for await (const { digest, size, changed } of files.list()) {
    options.signal?.throwIfAborted();
    if (Date.now() - changed < (options.settled ?? SETTLED) || (await metadata.blobState(digest)) !== "unknown") continue;
    await problem(`${size} bytes of ${digest} belong to no repository: a crash has left them`, "they are removed", async () => {
      if (await metadata.claimLeftover(digest)) await remove(digest);
    });
  }

  for await (const { name, size, remove: removeStray } of files.strays?.() ?? []) {
    options.signal?.throwIfAborted();
    await problem(`${size} bytes in ${name} belong to nothing: a crash has left them`, "they are removed", removeStray);
  }

  for await (const repository of everyItem((range) => metadata.repositories(range), (name) => name)) {
    count.repositories += 1;
    for await (const digest of everyItem((range) => metadata.manifestDigests(repository, range), (item) => item)) {
      options.signal?.throwIfAborted();
      const manifest = await metadata.manifest(repository, digest);
      if (!manifest) continue; // deleted meanwhile
      count.manifests += 1;
      if (digestBytes(manifest.bytes, digestAlgorithm(digest)) !== digest) await problem(`the manifest ${repository}@${digest} has other bytes`, "delete it and push it again");
    }
    for (const { manifest, kind, digest } of await metadata.brokenReferences(repository)) {
      await problem(`${repository}@${manifest} names the ${kind} ${digest}, which the repository does not have`, kind === "blob" ? "push the image again" : "fine for an index that was pushed without all of its platforms; else push it again");
    }
  }
  return count;
}

async function findDamage({ files }: OpenedFolder, { digest, size, quick }: { digest: Digest; size: number; quick: boolean }): Promise<string | undefined> {
  const found = await files.size(digest, { fresh: true });
  if (found === undefined) return "has lost its bytes";
  if (found !== size) return `has ${found} bytes instead of ${size}`;
  if (quick) return undefined;
  const hash = createHash(digestAlgorithm(digest));
  const bytes = await files.read(digest, { start: 0, end: size - 1 });
  if (!bytes) return "has lost its bytes";
  for await (const chunk of bytes) hash.update(chunk);
  return `${digestAlgorithm(digest)}:${hash.digest("hex")}` === digest ? undefined : "has other bytes than its digest says";
}
