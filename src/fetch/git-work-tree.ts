import { realpathSync } from "node:fs";
import { relative } from "node:path";
import { hideLogin } from "../context/git-url.ts";
import { findProgram } from "../linux/find-program.ts";
import { runGit } from "./git-command.ts";
import { workTreeRoot } from "./work-tree-root.ts";

/** What a folder of this machine is as a part of a git work tree. */
export interface WorkTree {
  /** Absolute path of the whole tree. */
  readonly root: string;
  /** The id of the commit that is checked out. */
  readonly revision?: string;
  /** The address of the repository that it comes from, without a login. */
  readonly source?: string;
}

/**
 * The work tree that a folder lies in; undefined where there is none, or git is not here or does not trust it. Nothing of
 * the tree is run: no hooks, filters or helpers.
 */
export async function workTreeOf(folder: string, signal?: AbortSignal): Promise<WorkTree | undefined> {
  const root = workTreeRoot(realpathSync(folder));
  if (root === undefined || findProgram("git") === undefined) return undefined;
  const ask = async (...words: string[]): Promise<string | undefined> => {
    const { status, stdout } = await runGit(words, { cwd: root, ...(signal ? { signal } : {}) });
    const line = stdout.split("\n", 1)[0]!.trim();
    return status === 0 && line !== "" ? line : undefined;
  };
  if ((await ask("rev-parse", "--is-inside-work-tree")) !== "true") return undefined;
  const revision = await ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}");
  const source = await sourceOf(ask);
  return { root, ...(revision === undefined ? {} : { revision }), ...(source === undefined ? {} : { source: hideLogin(source) }) };
}

/**
 * Whether a work tree has anything that its commit has not: changed, new or ignored files, as buildx asks it; where git cannot say it,
 * too. Filters of the repository are not run, so that a file which one of them would make equal counts as changed; in submodules only
 * another commit counts.
 */
export async function isDirty({ root }: Pick<WorkTree, "root">, signal?: AbortSignal): Promise<boolean> {
  const options = { cwd: root, ...(signal ? { signal } : {}) };
  const named = await runGit(["config", "--null", "--name-only", "--get-regexp", "^filter\\..*\\.(clean|process|required)$"], options);
  const off = named.stdout.split("\0").filter((key) => key !== "").map((key): [string, string] => [key, key.endsWith(".required") ? "false" : ""]);
  const { status, stdout } = await runGit(["status", "--porcelain", "--ignored", "--ignore-submodules=dirty"], { ...options, config: off });
  return status !== 0 || stdout.trim() !== "";
}

/** Where a folder lies in the tree, `.` for all of it; undefined outside. */
export function placeIn({ root }: WorkTree, folder: string): string | undefined {
  const path = relative(root, realpathSync(folder));
  return path === ".." || path.startsWith("../") ? undefined : path === "" ? "." : path;
}

/** The remote that the branch follows, else `origin`, else `upstream`, as buildx looks for it. */
async function sourceOf(ask: (...words: string[]) => Promise<string | undefined>): Promise<string | undefined> {
  const branch = await ask("symbolic-ref", "-q", "HEAD");
  const followed = branch === undefined ? undefined : await ask("for-each-ref", "--format=%(upstream:remotename)", "--", branch);
  for (const name of [followed, "origin", "upstream"]) {
    const address = name === undefined ? undefined : await ask("remote", "get-url", "--", name);
    if (address !== undefined) return address;
  }
  return undefined;
}
