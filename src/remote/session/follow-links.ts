import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join, posix } from "node:path";
import { compileGlob, isGlob } from "../../dockerfile/ignore-pattern.ts";

/**
 * The paths that are needed to read `paths` below a folder: each of them, and where symlinks are on the way, the
 * links and what they lead to. Absolute links start at the folder, and none leads out of it.
 * @returns undefined where everything is needed
 */
export function followLinks(root: string, paths: readonly string[]): string[] | undefined {
  const found = new Set<string>();
  const follow = (path: string): void => {
    const names = posix.join("/", path).split("/").filter((name) => name !== "");
    let current = "";
    for (const [index, name] of names.entries()) {
      current = current === "" ? name : `${current}/${name}`;
      const targets = targetsOf(root, current);
      const isLast = index === names.length - 1;
      if (!isLast && targets.length === 0) continue;
      if (found.has(current)) return;
      found.add(current);
      if (targets.length === 0) return;
      const rest = names.slice(index + 1).join("/");
      // Links of a pattern are only some of what it matches.
      if (isGlob(name) && !isLast) found.add(posix.join(current, rest));
      for (const target of targets) follow(posix.join(target, rest));
      return;
    }
    if (names.length === 0) found.add("");
  };
  for (const path of paths) follow(path);
  return found.has("") ? undefined : [...found];
}

/** What the links lead to that the path names, which may have a pattern as its last name. */
function targetsOf(root: string, path: string): string[] {
  const folder = posix.dirname(path);
  const name = posix.basename(path);
  if (!isGlob(name)) return linkTarget(root, path);
  const matches = compileGlob(name);
  if (!matches) return [];
  try {
    return readdirSync(join(root, folder)).filter(matches).flatMap((entry) => linkTarget(root, posix.join(folder, entry)));
  } catch {
    return [];
  }
}

function linkTarget(root: string, path: string): string[] {
  try {
    if (!lstatSync(join(root, path)).isSymbolicLink()) return [];
    return [posix.resolve("/", posix.dirname(path), readlinkSync(join(root, path)))];
  } catch {
    return [];
  }
}
