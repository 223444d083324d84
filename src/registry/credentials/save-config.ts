import { randomBytes } from "node:crypto";
import { chownSync, closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { fault } from "../../std/fault.ts";
import { makeFolder } from "../../std/make-folder.ts";

/**
 * Replaces docker's config.json as a whole: a reader sees the old or the new one, a symbolic link stays one, and mode
 * and owner stay; a new file is for its owner only. @throws LOGIN_NOT_SAVED
 */
export function saveConfig(file: string, config: Readonly<Record<string, unknown>>): void {
  let temporary: string | undefined;
  try {
    makeFolder(dirname(file), { mode: 0o700 });
    const target = realpathOf(file);
    const old = statSync(target, { throwIfNoEntry: false });
    temporary = `${target}.${randomBytes(6).toString("hex")}`;
    // Docker indents by a tab.
    writeSynced(temporary, `${JSON.stringify(config, null, "\t")}\n`, old ? old.mode & 0o777 : 0o600);
    if (old && process.getuid?.() === 0) chownSync(temporary, old.uid, old.gid);
    renameSync(temporary, target);
  } catch (error) {
    if (temporary) rmSync(temporary, { force: true });
    throw fault("LOGIN_NOT_SAVED", { file, reason: (error as NodeJS.ErrnoException).code ?? String(error) }, { cause: error });
  }
}

function realpathOf(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return file;
    throw error;
  }
}

function writeSynced(path: string, text: string, mode: number): void {
  const descriptor = openSync(path, "wx", mode);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
