import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fault } from "../../../std/fault.ts";
import { createFolderBlobs, type FolderBlobs } from "../folder/blobs.ts";
import { lockRoot } from "../folder/root-lock.ts";
import type { Metadata } from "../metadata.ts";
import { openSqliteMetadata } from "../sqlite/open-sqlite-metadata.ts";

/** Who looks after a registry from the command line. */
export const keeper = { user: undefined, address: undefined, agent: "sampan registry" } as const;

export interface OpenedFolder extends AsyncDisposable {
  readonly root: string;
  readonly files: FolderBlobs;
  readonly metadata: Metadata;
}

/**
 * The records alone, for a command that touches no blobs; it waits for nobody.
 * @throws SERVER_ROOT_UNUSABLE where there is no registry, or one whose records are still link files
 */
export async function openRecordsBeside(root: string, options: { lease: number; report: (problem: Error) => void }): Promise<Metadata> {
  checkLayout(root);
  return openSqliteMetadata(join(root, "registry.db"), options);
}

/**
 * Opens a registry folder beside the server that may be running on it, as the only one that removes blobs.
 * @throws SERVER_ROOT_UNUSABLE where there is no registry, or one whose records are still link files; SERVER_UPKEEP_BUSY
 */
export async function openBeside(root: string, options: { lease: number; report: (problem: Error) => void }): Promise<OpenedFolder> {
  checkLayout(root);
  await using opened = new AsyncDisposableStack();
  opened.defer(lockRoot(root, "collector.lock"));
  const metadata = opened.use(await openSqliteMetadata(join(root, "registry.db"), options));
  const files = createFolderBlobs(join(root, "blobs"), join(root, "temporary"));
  const lifetime = opened.move();
  return { root, files, metadata, [Symbol.asyncDispose]: () => lifetime.disposeAsync() };
}

function checkLayout(root: string): void {
  let version: unknown;
  try {
    version = (JSON.parse(readFileSync(join(root, "layout.json"), "utf8")) as { sampanRegistryLayout?: unknown }).sampanRegistryLayout;
  } catch (cause) {
    throw fault("SERVER_ROOT_UNUSABLE", { root, problem: "there is no registry in it" }, { cause });
  }
  if (version === 1) throw fault("SERVER_ROOT_UNUSABLE", { root, problem: "it is of an older form, which the server takes over when it starts" });
  if (version !== 2) throw fault("SERVER_ROOT_UNUSABLE", { root, problem: `its layout has version ${String(version)}` });
}
