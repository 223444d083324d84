import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Digest } from "../../../oci/digest.ts";
import { parseObject } from "../../../oci/manifest.ts";
import { Trouble } from "../../terms/trouble.ts";
import type { BlobStorage } from "../blob-storage.ts";
import { describeManifest } from "../describe-manifest.ts";
import { syncFolder } from "../folder/durable-file.ts";
import { referencesOf } from "../manifest-references.ts";
import type { Metadata } from "../metadata.ts";
import type { Actor, ImportedRepository } from "../records.ts";
import { openSqliteMetadata } from "../sqlite/open-sqlite-metadata.ts";
import { readLinkFiles, type LinkedRepository } from "./link-files.ts";

const ACTOR: Actor = { user: undefined, address: undefined, agent: "sampan, taking layout version 1 over" };

/**
 * Makes the database of a registry whose records are still link files. It is filled beside and renamed when it is whole, so that a
 * crash before that leaves everything as it was. Blobs stay where they are; what cannot be read is told and left out.
 */
export async function takeOverLinks(options: {
  repositories: string;
  database: string;
  temporary: string;
  blobs: Pick<BlobStorage, "size">;
  report: (problem: Error) => void;
}): Promise<void> {
  if (existsSync(options.database)) return;
  const draft = join(options.temporary, "taken-over.db");
  for (const suffix of ["", "-wal", "-shm"]) await rm(`${draft}${suffix}`, { force: true });
  {
    await using metadata = await openSqliteMetadata(draft, { lease: 0, report: options.report });
    for await (const repository of readLinkFiles(options.repositories)) await takeOver(repository, metadata, options);
  }
  // Closing has moved everything from the log into the file.
  const handle = await open(draft, "r");
  await handle.sync();
  await handle.close();
  await rename(draft, options.database);
  await syncFolder(dirname(options.database));
}

async function takeOver(linked: LinkedRepository, metadata: Metadata, { blobs, report }: { blobs: Pick<BlobStorage, "size">; report: (problem: Error) => void }): Promise<void> {
  const { name } = linked;
  const present: { digest: Digest; size: number; at: number }[] = [];
  for (const digest of linked.blobs) {
    const size = await blobs.size(digest);
    // A crash could leave the link of a blob without its bytes.
    if (size !== undefined) present.push({ digest, size, at: Date.now() });
  }
  const manifests: ImportedRepository["manifests"][number][] = [];
  for (const { digest, bytes, at } of linked.manifests) {
    try {
      manifests.push({ manifest: { ...describeManifest(bytes, digest), bytes }, references: referencesOf(parseObject(bytes, "the manifest")), at });
    } catch (cause) {
      report(new Trouble(`the stored manifest ${name}@${digest} cannot be read`, { cause }));
    }
  }
  const lost = await metadata.importRepository({ name, blobs: present, manifests, tags: linked.tags }, ACTOR);
  for (const tag of lost) report(new Trouble(`the stored tag ${name}:${tag} names no manifest`));
}
