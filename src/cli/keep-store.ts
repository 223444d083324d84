import { existsSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { isFault } from "../std/fault.ts";
import { maxSize } from "../store/max-size.ts";
import { storeRoot } from "../store/store-root.ts";
import type { Io } from "./io.ts";
import { withStore } from "./with-store.ts";

/**
 * Keeps the store within its cap, when the work is done and its result is out. Nothing here makes the command fail; a setting
 * that cannot be read is told.
 */
export async function keepStore(io: Io): Promise<void> {
  const root = storeRoot(io.env);
  try {
    if (!existsSync(join(root, "sampan.db"))) return;
    const { bytes } = await maxSize(root, io.env);
    const { blocks, bfree, bsize } = statfsSync(root);
    // All that is on the disk is less: the store need not be asked.
    if (bytes >= (blocks - bfree) * bsize) return;
    await withStore((store) => store.keepWithin(bytes));
  } catch (error) {
    if (isFault(error, "SETTING_INVALID")) io.stderr.write(`WARNING: the store is not kept within its cap: ${error.message}\n`);
    else if (io.env["SAMPAN_DEBUG"]) io.stderr.write(`WARNING: the store is not kept within its cap: ${String(error)}\n`);
  }
}
