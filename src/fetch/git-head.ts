import { closeSync, constants, existsSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { hideLogin } from "../context/git-url.ts";
import { workTreeRoot } from "./work-tree-root.ts";

/** Which commit of which repository is checked out. */
export interface GitHead {
  readonly revision: string;
  /** The address that it comes from, without a login. */
  readonly repository?: string;
}

/** A file of git's that is longer is not read, in bytes. */
const MOST = 4 * 1024 * 1024;
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/**
 * What is checked out around a folder, by git's own files: git takes ten times as long to start as this takes, and every
 * build asks. Undefined where there is no commit, or where it is kept in a way that only git can read (gitrepository-layout(5)).
 */
export function gitHeadOf(folder: string): GitHead | undefined {
  if (!existsSync(folder)) return undefined;
  const root = workTreeRoot(realpathSync(folder));
  if (root === undefined) return undefined;
  // Of a further work tree, and of a submodule, it is a file that says where the folder is.
  const link = lineOf(join(root, ".git"));
  if (link !== undefined && !link.startsWith("gitdir: ")) return undefined;
  const own = link === undefined ? join(root, ".git") : resolve(root, link.slice(8));
  const shared = resolve(own, lineOf(join(own, "commondir")) ?? ".");
  const head = lineOf(join(own, "HEAD")) ?? "";
  const branch = /^ref: (refs\/(?!.*\.\.)[^\0]+)$/.exec(head)?.[1];
  const revision = branch === undefined ? head : lineOf(join(shared, branch)) ?? packedRef(join(shared, "packed-refs"), branch);
  if (revision === undefined || !COMMIT.test(revision)) return undefined;
  const repository = remoteOf(textOf(join(shared, "config")) ?? "", branch?.replace("refs/heads/", ""));
  // An address has no control characters, which a terminal that shows it would obey.
  return { revision, ...(repository === undefined || /\p{Cc}/u.test(repository) ? {} : { repository: hideLogin(repository) }) };
}

function packedRef(path: string, name: string): string | undefined {
  return textOf(path)?.split("\n").find((line) => line.endsWith(` ${name}`))?.split(" ", 1)[0];
}

/** The address of the remote that the branch follows, else of `origin`, else of `upstream`, as buildx looks for it. */
function remoteOf(config: string, branch: string | undefined): string | undefined {
  const addresses = new Map<string, string>();
  let followed: string | undefined;
  let section: readonly [string, string] | undefined;
  for (const line of config.split("\n")) {
    const [, kind, name] = /^\s*\[\s*(\w+)\s+"(.*)"\s*\]/.exec(line) ?? [];
    if (/^\s*\[/.test(line)) section = kind === undefined ? undefined : [kind.toLowerCase(), name!];
    const at = line.indexOf("=");
    if (section === undefined || at < 0) continue;
    const [key, value] = [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim().replace(/^"(.*)"$/, "$1")];
    // The others of a remote with several are for pushing only.
    if (section[0] === "remote" && key === "url" && !addresses.has(section[1])) addresses.set(section[1], value);
    if (section[0] === "branch" && key === "remote" && section[1] === branch) followed = value;
  }
  return [followed, "origin", "upstream"].flatMap((name) => (name === undefined ? [] : addresses.get(name) ?? []))[0];
}

function lineOf(path: string): string | undefined {
  return textOf(path)?.split("\n", 1)[0]!.trim();
}

/** Undefined for what is no file, too. No more is read than it is long, and nothing waited for: a link may lead to a file of the kernel's that never ends. */
function textOf(path: string): string | undefined {
  let file: number | undefined;
  try {
    // Some devices do something when they are opened.
    if (!statSync(path).isFile()) return undefined;
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > MOST) return undefined;
    const bytes = Buffer.alloc(stat.size);
    return bytes.toString("utf8", 0, stat.size === 0 ? 0 : readSync(file, bytes));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
