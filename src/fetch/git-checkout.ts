import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimes } from "../linux/times.ts";
import { fault } from "../std/fault.ts";
import type { GitUrl } from "../context/git-url.ts";
import { runGit, type GitResult } from "./git-command.ts";
import type { GitRemote, RemoteRef } from "./git-remote.ts";

/** What of a repository goes into a build, and how. */
export type GitWanted = Pick<GitUrl, "subdir"> & Required<Pick<GitUrl, "keepGitDir" | "submodules" | "mtime">>;

/**
 * Fetches one commit, without its past, and moves its files into an empty folder: directories and programs 0755, other
 * files 0644, whatever the umask.
 * @param home an empty folder on the same file system, for the caller to remove
 * @returns the time of the commit, in seconds
 * @throws GIT_FAILED, GIT_REF_MISSING, GIT_SUBDIR_INVALID
 */
export async function checkOut(remote: GitRemote, ref: RemoteRef, wanted: GitWanted, { home, to }: { home: string; to: string }): Promise<number> {
  const cwd = join(home, "tree");
  mkdirSync(cwd, { mode: 0o755 });
  const git = (...words: string[]): Promise<GitResult> => runGit(words, { ...remote.options, cwd });
  const sure = async (doing: string, ...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await git(...words);
    if (status !== 0) throw fault("GIT_FAILED", { remote: remote.shown, doing, said: stderr });
    return stdout.trim();
  };
  await sure("preparing a folder", "init", "-q");
  await sure("preparing a folder", "remote", "add", "--", "origin", remote.address);
  await fetchCommit(git, remote, ref);
  await sure("checking out", "checkout", "-q", "-f", "--detach", ref.commit);
  if (wanted.submodules && existsSync(join(cwd, ".gitmodules"))) {
    const update = ["submodule", "--quiet", "update", "--init", "--recursive"];
    // Servers of plain files know no shallow copies, and some others give no commit that is not the last one of a branch.
    if ((await git(...update, "--depth=1")).status !== 0) {
      // What is shallow stays so, and its server gives no more for it: all anew.
      await sure("updating submodules", "submodule", "--quiet", "deinit", "--all", "--force");
      rmSync(join(cwd, ".git/modules"), { recursive: true, force: true });
      await sure("updating submodules", ...update);
    }
  }
  const time = Number(await sure("reading the commit", "show", "-s", "--format=%ct", ref.commit));
  const keep = wanted.keepGitDir && wanted.subdir === undefined;
  const from = findSubdir(cwd, wanted.subdir);
  if (keep) rmSync(join(cwd, ".git/FETCH_HEAD"), { force: true });
  else removeGit(from);
  settle(from, wanted.mtime === "commit" ? time : undefined);
  for (const name of readdirSync(from)) renameSync(join(from, name), join(to, name));
  return time;
}

/** By its id, which most servers allow; else by the name of its ref, else with everything that the server has. */
async function fetchCommit(git: (...words: string[]) => Promise<GitResult>, remote: GitRemote, { commit, name }: RemoteRef): Promise<void> {
  const refs = name === undefined ? [] : [`+${name}:${name}`];
  const ways = [["--depth=1", "origin", commit], ...(name === undefined ? [] : [["--depth=1", "origin", ...refs]]), ["origin", "+refs/*:refs/fetched/*"]];
  let said = "";
  for (const way of ways) {
    const { status, stderr } = await git("fetch", "-q", "--no-tags", "--update-head-ok", ...way);
    if (status !== 0) said = stderr;
    else if ((await git("cat-file", "-e", `${commit}^{commit}`)).status === 0) {
      if (name !== undefined) await git("update-ref", name, commit);
      return;
    }
  }
  throw said === "" ? fault("GIT_REF_MISSING", { remote: remote.shown, ref: commit }) : fault("GIT_FAILED", { remote: remote.shown, doing: "fetching remote", said });
}

/** Only folders lead there: a symbolic link could lead out of the repository. */
function findSubdir(root: string, subdir: string | undefined): string {
  let path = root;
  for (const part of subdir?.split("/") ?? []) {
    path = join(path, part);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) throw fault("GIT_SUBDIR_INVALID", { subdir: subdir!, problem: `failed to lstat ${JSON.stringify(subdir)}: no such file or directory` });
    if (!stat.isDirectory() || part === ".git") throw fault("GIT_SUBDIR_INVALID", { subdir: subdir!, problem: `git subpath ${JSON.stringify(subdir)} contains non-directory ${JSON.stringify(path.slice(root.length + 1))}` });
  }
  return path;
}

/** Takes git's own files away, those of submodules too: they would lead to where the repository no longer is. */
function removeGit(folder: string): void {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.name === ".git") rmSync(path, { recursive: true, force: true });
    else if (item.isDirectory()) removeGit(path);
  }
}

function settle(folder: string, time: number | undefined): void {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) settle(path, time);
    else if (item.isFile()) {
      const { mode } = lstatSync(path);
      chmodSync(path, (mode & 0o200) === 0 ? 0o444 : (mode & 0o100) === 0 ? 0o644 : 0o755);
    }
    if (time !== undefined) setTimes(path, BigInt(time) * 1_000_000_000n, BigInt(time) * 1_000_000_000n);
  }
  chmodSync(folder, 0o755);
}
