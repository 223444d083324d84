import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { git, makeRepositories } from "../support/git-repositories.ts";
import { serveSources, type SourceServer } from "../support/source-server.ts";

/** Stands in cases for the address of the server that both builders fetch from. */
export const PLACEHOLDER = "ORIGIN";
const SHOWN = "http://origin.test";

/** A server with the files and repositories that cases fetch. */
export async function serveOrigin(): Promise<SourceServer> {
  const folder = mkdtempSync(join(tmpdir(), "golden-origin-"));
  makeRepositories(folder);
  const server = await serveSources(folder);
  const headers = { "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT" };
  for (const [path, body] of Object.entries({ "/plain.txt": "hello\n", "/other.txt": "other\n", "/dir/": "dir\n", "/q.txt": "q\n", "/a%5Bb.txt": "bracket\n" })) {
    server.files.set(path, { body, headers });
  }
  server.files.set("/undated.txt", { body: "undated\n" });
  server.files.set("/named", { body: "named\n", headers: { ...headers, "content-disposition": 'attachment; filename="other-name.txt"' } });
  server.files.set("/moved.txt", { body: "", status: 302, headers: { location: "/plain.txt" } });
  for (const [path, option] of [["/t.tar.gz", "-z"], ["/t.tar", ""], ["/t.tar.xz", "-J"], ["/t.tar.bz2", "-j"]] as const) server.files.set(path, { body: archive(folder, option), headers });
  server.files.set("/undated.tar", { body: archive(folder, "") });
  server.files.set("/Dockerfile", { body: `FROM scratch\nADD ${server.origin}/plain.txt /fetched\n`, headers });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What both builders made of it, without the port of the day. */
export function hideOrigin<Value>(value: Value, origin: string): Value {
  return JSON.parse(JSON.stringify(value).replaceAll(origin, SHOWN)) as Value;
}

function archive(root: string, option: string): Buffer {
  const tree = join(root, `tree${option}`);
  mkdirSync(join(tree, "sub"), { recursive: true });
  const file = join(root, "archive");
  execFileSync("sh", ["-euc", `umask 022; echo 1 >one; echo 2 >sub/two; chmod 4711 sub/two; ln -sf one soft; echo one >.dockerignore
    printf 'FROM scratch\\nCOPY . /\\n' >Dockerfile
    printf 'FROM scratch\\nCOPY sub /x\\n' >sub/other.Dockerfile
    tar --mtime=@1500000000 --owner=11 --group=12 --sort=name ${option} -cf "$1" .`, "sh", file], { cwd: tree });
  return readFileSync(file);
}

/** Why there is no git, or false. */
export const noGit: string | false = (() => {
  try {
    git(tmpdir(), "--version");
    return false;
  } catch {
    return "needs git";
  }
})();
