import { mkdirSync, realpathSync, rmdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { detach, unmount } from "../../linux/mount.ts";
import { mountView } from "../../snapshot/mount-view.ts";
import { fault } from "../../std/fault.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import { shortId } from "./image-rows.ts";
import { unpackedLayers } from "./unpacked-layers.ts";

/** Folders that the store makes for mounts lie here, one per image. */
const ownFolder = (store: Store): string => join(store.root, "mounts");

/**
 * Mounts an image read-only, at a folder or at one of the store's own. An image that is mounted there already is left as it is.
 * @returns the folder
 * @throws MOUNT_REFUSED, FILE_PROBLEM, USAGE
 */
export async function mountImage(store: Store, image: ImageRecord, folder: string | undefined, { cwd, signal }: { cwd: string; signal: AbortSignal }): Promise<string> {
  if (folder === "") throw fault("USAGE", { problem: "the folder to mount at is empty", hint: "leave it away for one of the store's own" });
  const path = folder === undefined ? join(ownFolder(store), shortId(image.id)) : resolve(cwd, folder);
  const mounted = store.mounts.list().find((mount) => mount.path === path);
  if (mounted?.image === image.id) return path;
  if (mounted !== undefined) throw fault("FILE_PROBLEM", { path, problem: `image ${shortId(mounted.image)} is mounted there` });
  if (folder === undefined) mkdirSync(path, { recursive: true, mode: 0o700 });
  else if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw fault("FILE_PROBLEM", { path, problem: "it is no directory" });
  else refuseStore(store, realpathSync(path));
  const { snapshot, layers } = await unpackedLayers(store, image, { signal });
  const scratch = join(store.temporary, "view");
  try {
    store.mounts.add({ path, image: image.id, snapshot }, () => mountView(layers, path, scratch));
  } catch (error) {
    if (folder === undefined) rmdirSync(path);
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPERM" || code === "EACCES") throw fault("MOUNT_REFUSED", { path, problem: "this process may not mount (it lacks CAP_SYS_ADMIN)" }, { cause: error });
    if (code === "EINVAL" || code === "ENODEV") throw fault("MOUNT_REFUSED", { path, problem: "the kernel does not mount overlayfs here" }, { cause: error });
    throw error;
  }
  return path;
}

/** What lies below a mount is hidden: the store would be gone for all that come later. */
function refuseStore(store: Store, path: string): void {
  const root = realpathSync(store.root);
  if (`${root}/`.startsWith(path === "/" ? "/" : `${path}/`)) throw fault("FILE_PROBLEM", { path, problem: "the store lies in it, and would be hidden by the image" });
  if (path.startsWith(`${root}/`)) throw fault("FILE_PROBLEM", { path, problem: "it belongs to the store" });
}

/** Unmounts one place. @throws MOUNT_BUSY where somebody uses it, unless forced */
export function unmountImage(store: Store, path: string, { force }: { force: boolean }): void {
  try {
    store.mounts.remove(path, () => (force ? detach(path) : unmount(path)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EBUSY") throw fault("MOUNT_BUSY", { path }, { cause: error });
    throw error;
  }
  if (dirname(path) === ownFolder(store)) rmdirSync(path);
}
