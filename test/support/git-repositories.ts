import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Nobody's settings, and one time for all commits: the ids are the same on every machine. */
const ENVIRONMENT = {
  PATH: process.env["PATH"]!, HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@example.com", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@example.com",
  GIT_AUTHOR_DATE: "1700000000 +0000", GIT_COMMITTER_DATE: "1700000000 +0000",
};

export function git(folder: string, ...args: string[]): string {
  const config = ["-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", "-c", "safe.directory=*"];
  return execFileSync("git", [...config, "-C", folder, ...args], { env: ENVIRONMENT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** What a commit holds: texts, `-> target` for symlinks, texts that begin with `#!` are executable; null takes a file away. */
export function commit(folder: string, message: string, files: Readonly<Record<string, string | null>>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    rmSync(path, { force: true });
    if (content === null) continue;
    mkdirSync(dirname(path), { recursive: true });
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), path);
    else writeFileSync(path, content);
    if (content.startsWith("#!")) chmodSync(path, 0o755);
  }
  git(folder, "add", "-A");
  git(folder, "commit", "-q", "--allow-empty", "-m", message);
  return git(folder, "rev-parse", "HEAD");
}

/**
 * Makes repositories below a folder, to be served:
 * - `app.git`: branches `main` and `dev`, the tags `v1` (lightweight) and `v2` (annotated); `main` has the Dockerfile of a context
 * - `module.git`, and `parent.git`, which has it as a submodule
 */
export function makeRepositories(root: string): { first: string; second: string; dev: string } {
  const app = work(root, "app");
  const first = commit(app, "first", { "a.txt": "one\n", "run.sh": "#!/bin/sh\necho ran\n", "sub/b.txt": "b\n", "sub/deep/c.txt": "c\n", link: "-> a.txt" });
  git(app, "tag", "v1");
  const second = commit(app, "second", {
    "a.txt": "two\n", Dockerfile: "FROM scratch\nCOPY . /\n", ".dockerignore": "a.txt\n", "sub/Dockerfile": "FROM scratch\nCOPY b.txt /from-sub\n",
  });
  git(app, "tag", "-a", "-m", "annotated", "v2");
  git(app, "checkout", "-q", "-b", "dev");
  const dev = commit(app, "dev", { "dev.txt": "dev\n" });
  git(app, "checkout", "-q", "main");
  publish(root, "app");
  commit(work(root, "module"), "module", { "m.txt": "module\n" });
  publish(root, "module");
  const parent = work(root, "parent");
  commit(parent, "parent", { "p.txt": "parent\n" });
  git(parent, "submodule", "--quiet", "add", join(root, "module.git"), "mod");
  git(parent, "config", "-f", ".gitmodules", "submodule.mod.url", "../module.git");
  commit(parent, "submodule", {});
  publish(root, "parent");
  return { first, second, dev };
}

function work(root: string, name: string): string {
  const folder = join(root, "work", name);
  mkdirSync(folder, { recursive: true });
  git(folder, "init", "-q");
  return folder;
}

/** Makes `<name>.git` what the working repository is now. */
export function publish(root: string, name: string): void {
  const bare = join(root, `${name}.git`);
  rmSync(bare, { recursive: true, force: true });
  git(root, "clone", "-q", "--bare", join(root, "work", name), bare);
  git(bare, "config", "http.receivepack", "false");
  git(bare, "config", "uploadpack.allowReachableSHA1InWant", "true");
}
