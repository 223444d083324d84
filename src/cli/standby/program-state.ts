import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));

/** Whether the program runs as a bundle, all of which changes at once. */
export const isBundle = folder.endsWith(join("dist", "bundle"));

/** The bundle, Node and the authorities that it trusts as they were when this process began; only asked for where it stands by. */
let began: string | undefined;

/** Remembers the program as it is now. */
export function rememberProgram(): void {
  began = describe();
}

/** Whether the program on the disk is still the one that this process remembered. */
export function isCurrent(): boolean {
  const root = dirname(dirname(folder));
  if (began === undefined || began !== describe()) return false;
  // In a checkout the sources count, once they are newer than the bundle.
  if (!existsSync(join(root, "src", "cli", "main.ts"))) return true;
  const { isFresh } = createRequire(import.meta.url)(join(root, "bin", "sources.cjs")) as { isFresh: (root: string, bundle: string) => boolean };
  return isFresh(root, folder);
}

function describe(): string {
  const files = [folder, join(folder, "main.cjs"), process.execPath, process.env["NODE_EXTRA_CA_CERTS"] || folder];
  return files.map((file) => {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false });
    return found && [found.dev, found.ino, found.mtimeNs, found.ctimeNs].join(" ");
  }).join();
}
