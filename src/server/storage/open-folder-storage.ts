import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fault, isFault } from "../../std/fault.ts";
import { makeFolder } from "../../std/make-folder.ts";
import { createFolderBlobs } from "./folder-blobs.ts";
import { openFolderRepositories } from "./folder-repositories.ts";
import { createFolderUploads } from "./folder-uploads.ts";
import { lockRoot } from "./root-lock.ts";
import type { RegistryStorage } from "./storage.ts";

const LAYOUT_VERSION = 1;

/**
 * Opens a registry folder, creating it when it is missing: `blobs/` (bytes by digest), `repositories/` (records),
 * `temporary/` (uploads and files that are being written; emptied here, since nothing in it was acknowledged).
 * @throws SERVER_ROOT_UNUSABLE, SERVER_ROOT_BUSY
 */
export async function openFolderStorage(
  root: string,
  options: { uploadExpiry: number; uploads: number; report: (problem: Error) => void },
): Promise<RegistryStorage> {
  const temporary = join(root, "temporary");
  const unlock = claimRoot(root, temporary);
  try {
    const blobs = createFolderBlobs(join(root, "blobs"));
    const repositories = await openFolderRepositories({ base: join(root, "repositories"), temporary, blobs, report: options.report });
    const uploads = createFolderUploads({
      folder: temporary,
      expiry: options.uploadExpiry,
      limit: options.uploads,
      commit: (repository, digest, file, sync) =>
        repositories.addBlob(repository, digest, async () => {
          await sync();
          await blobs.adopt(file, digest);
        }),
    });
    return {
      blobs,
      uploads,
      repositories,
      async [Symbol.asyncDispose]() {
        await uploads[Symbol.asyncDispose]();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function claimRoot(root: string, temporary: string): () => void {
  let unlock: (() => void) | undefined;
  try {
    for (const folder of ["blobs", "repositories", "temporary"]) makeFolder(join(root, folder));
    unlock = lockRoot(root);
    checkLayout(join(root, "layout.json"), root);
    for (const leftover of readdirSync(temporary)) rmSync(join(temporary, leftover), { force: true, recursive: true });
    return unlock;
  } catch (cause) {
    unlock?.();
    if (isFault(cause)) throw cause;
    throw fault("SERVER_ROOT_UNUSABLE", { root, problem: (cause as Error).message }, { cause });
  }
}

function checkLayout(path: string, root: string): void {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    writeFileSync(path, `${JSON.stringify({ sampanRegistryLayout: LAYOUT_VERSION })}\n`);
    return;
  }
  const version = (JSON.parse(text) as { sampanRegistryLayout?: unknown }).sampanRegistryLayout;
  if (version !== LAYOUT_VERSION) throw fault("SERVER_ROOT_UNUSABLE", { root, problem: `its layout has version ${String(version)}, this program knows ${LAYOUT_VERSION}` });
}
