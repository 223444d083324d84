import { randomBytes } from "node:crypto";
import { chownSync, closeSync, fchmodSync, fsyncSync, lstatSync, openSync, readdirSync, readlinkSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fault } from "../../std/fault.ts";
import { makeFolder } from "../../std/make-folder.ts";

const MOST_LINKS = 40;
/** Milliseconds after which a file that nobody has put in its place is of a process that was killed. */
const LEFT_BEHIND = 60_000;

/**
 * Replaces docker's config.json as a whole: a reader sees the old or the new one, a symbolic link stays one, and mode
 * and owner stay; a new file is for its owner only. @throws LOGIN_NOT_SAVED
 */
export function saveConfig(file: string, config: Readonly<Record<string, unknown>>): void {
  let temporary: string | undefined;
  try {
    makeFolder(dirname(file), { mode: 0o700 });
    const target = configTarget(file);
    const old = statSync(target, { throwIfNoEntry: false });
    temporary = `${target}.${randomBytes(6).toString("hex")}`;
    // Docker indents by a tab.
    writeSynced(temporary, `${JSON.stringify(config, null, "\t")}\n`, old ? old.mode & 0o777 : 0o600);
    if (old && process.getuid?.() === 0) chownSync(temporary, old.uid, old.gid);
    renameSync(temporary, target);
    removeLeftBehind(target);
  } catch (error) {
    if (temporary) rmSync(temporary, { force: true });
    throw fault("LOGIN_NOT_SAVED", { file, reason: (error as NodeJS.ErrnoException).code ?? String(error) }, { cause: error });
  }
}

/** Where a path leads to, though nothing may be there yet. */
export function configTarget(file: string, depth = 0): string {
  const link = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(file) : undefined;
  if (link === undefined) return file;
  if (depth === MOST_LINKS) throw Object.assign(new Error("too many symbolic links"), { code: "ELOOP" });
  return configTarget(resolve(realpathSync(dirname(file)), link), depth + 1);
}

/** What killed processes have written beside the file: it may hold a password, and nobody would miss it. */
function removeLeftBehind(target: string): void {
  const folder = dirname(target);
  const start = `${basename(target)}.`;
  try {
    for (const name of readdirSync(folder).filter((name) => name.startsWith(start) && /^[0-9a-f]{12}$/.test(name.slice(start.length)))) {
      const path = join(folder, name);
      if (Date.now() - lstatSync(path).mtimeMs > LEFT_BEHIND) rmSync(path, { force: true });
    }
  } catch {
    // The login is kept all the same.
  }
}

function writeSynced(path: string, text: string, mode: number): void {
  const descriptor = openSync(path, "wx", mode);
  try {
    writeFileSync(descriptor, text);
    // Not less the umask: who could read the file before still can, and nobody else.
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
