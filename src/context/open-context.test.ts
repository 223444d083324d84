import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { makeTree, type Node } from "../../test/support/make-tree.ts";
import { streamOf, temporaryFolder } from "../../test/support/temporary-store.ts";
import { isFault, type FaultCode } from "../std/fault.ts";
import { openContext, type ArchivePort, type BuildContext, type OpenContextOptions } from "./open-context.ts";

const skip = process.getuid?.() === 0 ? false : "needs root, to become another user";

/** Takes texts that begin with `archive:` for archives of one Dockerfile with the rest. */
const archives: ArchivePort = {
  isArchive: (path) => readFileSync(path, "utf8").startsWith("archive:"),
  unpack: (path, folder) => writeFileSync(join(folder, "Dockerfile"), readFileSync(path, "utf8").slice(8)),
};

function place(t: TestContext, nodes: Record<string, Node>): { cwd: string; temporary: string; open(options?: Partial<OpenContextOptions>): Promise<BuildContext> } {
  const cwd = makeTree(join(temporaryFolder(t), "cwd"), nodes);
  const temporary = temporaryFolder(t);
  return { cwd, temporary, open: (options) => openContext({ context: ".", cwd, temporary, archives, ...options }) };
}

const textOf = ({ dockerfile }: BuildContext): string => Buffer.from(dockerfile.source).toString();

async function faultOf(promise: Promise<unknown>, code: FaultCode): Promise<{ message: string; hint: string | undefined }> {
  const error = await promise.then(() => assert.fail("no fault"), (reason: unknown) => reason);
  if (!isFault(error, code)) throw error;
  return { message: error.message, hint: error.hint };
}

test("a folder is the context, with Dockerfile and .dockerignore in its root", async (t) => {
  const { cwd, open } = place(t, { "app/Dockerfile": "FROM scratch", "app/.dockerignore": "\ufeff# no\n node_modules/ \n!keep\n" });
  await using context = await open({ context: "app" });
  assert.equal(context.root, join(cwd, "app"));
  assert.deepEqual([context.dockerfile.file, textOf(context)], ["Dockerfile", "FROM scratch"]);
  assert.deepEqual(context.excludes, ["node_modules", "!keep"]);
  assert.equal(context.ignore.matches("node_modules/x"), true);
});

test("dockerfile in lower case will do where there is no Dockerfile, with or without -f", async (t) => {
  const { open } = place(t, { "a/dockerfile": "lower", "b/Dockerfile": "upper", "b/dockerfile": "lower" });
  assert.equal(textOf(await open({ context: "a" })), "lower");
  assert.equal(textOf(await open({ context: "b" })), "upper");
  assert.equal(textOf(await open({ context: "b", file: "a/Dockerfile" })), "lower");
  await faultOf(open({ context: "a", file: "a/DOCKERFILE" }), "DOCKERFILE_NOT_FOUND");
});

test("-f is relative to the working directory and may lie outside the context", async (t) => {
  const { cwd, open } = place(t, { "docker/prod": "prod", "app/x": "", "app/prod": "wrong" });
  const context = await open({ context: "app", file: "docker/prod" });
  assert.deepEqual([context.dockerfile.file, textOf(context)], ["docker/prod", "prod"]);
  assert.equal(textOf(await open({ context: "app", file: join(cwd, "docker/prod") })), "prod");
});

test("-f that fits only inside the context is a fault that says so", async (t) => {
  const { open } = place(t, { "app/prod": "" });
  const { hint } = await faultOf(open({ context: "app", file: "prod" }), "DOCKERFILE_NOT_FOUND");
  assert.match(hint!, /did you mean -f app\/prod\?/);
});

test("the ignore file of a Dockerfile goes before .dockerignore, also outside of the context", async (t) => {
  const { open } = place(t, {
    "app/.dockerignore": "all", "app/Dockerfile": "", "app/Dockerfile.test": "", "app/Dockerfile.test.dockerignore": "test",
    "docker/prod": "", "docker/prod.dockerignore": "prod",
  });
  const excludes = async (file?: string): Promise<readonly string[]> => (await open({ context: "app", ...(file ? { file } : {}) })).excludes;
  assert.deepEqual(await excludes(), ["all"]);
  assert.deepEqual(await excludes("app/Dockerfile.test"), ["test"]);
  assert.deepEqual(await excludes("docker/prod"), ["prod"]);
});

test("-f - takes the Dockerfile from standard input and the files from the folder", async (t) => {
  const { cwd, open } = place(t, { "app/.dockerignore": "x", "app/Dockerfile": "wrong" });
  const context = await open({ context: "app", file: "-", stdin: streamOf("FROM stdin") });
  assert.deepEqual([context.root, textOf(context), context.excludes], [join(cwd, "app"), "FROM stdin", ["x"]]);
});

test("a Dockerfile on standard input alone has an empty context, which goes with it", async (t) => {
  const { open, temporary } = place(t, { Dockerfile: "wrong" });
  const context = await open({ context: "-", stdin: streamOf("FROM stdin") });
  assert.equal(textOf(context), "FROM stdin");
  assert.deepEqual(readdirSync(context.root), []);
  await context[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(temporary), []);
});

test("an archive on standard input is unpacked, has no .dockerignore, and goes with the context", async (t) => {
  const { open, temporary } = place(t, {});
  const unpack = (path: string, folder: string): void => {
    archives.unpack(path, folder);
    makeTree(folder, { ".dockerignore": "*", "sub/other": "other" });
  };
  const context = await open({ context: "-", stdin: streamOf("archive:FROM tar"), archives: { ...archives, unpack } });
  assert.deepEqual([textOf(context), context.excludes, context.ignore.matches("sub")], ["FROM tar", [], false]);
  const named = await open({ context: "-", file: "sub/other", stdin: streamOf("archive:"), archives: { ...archives, unpack } });
  assert.equal(textOf(named), "other");
  for (const one of [context, named]) await one[Symbol.asyncDispose]();
  assert.deepEqual(readdirSync(temporary), []);
});

test("a Dockerfile of an archive that links to a file of this machine is not read", async (t) => {
  const { cwd, open, temporary } = place(t, { secret: "secret" });
  const unpack = (_: string, folder: string): void => {
    symlinkSync(join(cwd, "secret"), join(folder, "Dockerfile"));
    symlinkSync("/", join(folder, "sub"));
  };
  await faultOf(open({ context: "-", stdin: streamOf("archive:"), archives: { ...archives, unpack } }), "DOCKERFILE_NOT_FOUND");
  await faultOf(open({ context: "-", file: `sub${cwd}/secret`, stdin: streamOf("archive:"), archives: { ...archives, unpack } }), "DOCKERFILE_NOT_FOUND");
  await faultOf(open({ context: "-", file: "../../../../../../../../etc/passwd", stdin: streamOf("archive:") }), "DOCKERFILE_NOT_FOUND");
  assert.deepEqual(readdirSync(temporary), []);
});

test("nothing is left behind when an archive cannot be unpacked or the input breaks off", async (t) => {
  const { open, temporary } = place(t, {});
  const broken: ArchivePort = { isArchive: () => true, unpack: () => Promise.reject(new Error("damaged")) };
  await assert.rejects(open({ context: "-", stdin: streamOf("x"), archives: broken }), /damaged/);
  const input = Readable.from((async function* () {
    yield Buffer.from("half");
    throw new Error("broken pipe");
  })());
  await assert.rejects(open({ context: "-", stdin: input }), /broken pipe/);
  const stop = new AbortController();
  const endless = (async function* () {
    for (;;) {
      yield Buffer.alloc(1000);
      stop.abort(new Error("stopped"));
    }
  })();
  await assert.rejects(open({ context: "-", stdin: endless, signal: stop.signal }), { name: "AbortError" });
  assert.deepEqual(readdirSync(temporary), []);
});

test("standard input that is empty or wanted twice is a fault", async (t) => {
  const { open } = place(t, {});
  await faultOf(open({ context: "-", stdin: streamOf("") }), "CONTEXT_EMPTY_INPUT");
  await faultOf(open({ context: "-" }), "CONTEXT_EMPTY_INPUT");
  await faultOf(open({ file: "-", stdin: streamOf("") }), "CONTEXT_EMPTY_INPUT");
  await faultOf(open({ context: "-", file: "-", stdin: streamOf("x") }), "CONTEXT_STDIN_TWICE");
  await faultOf(open({ context: "-", file: "x", stdin: streamOf("FROM scratch") }), "USAGE");
});

test("a context that is missing, no folder or elsewhere is a fault that says so", async (t) => {
  const { open } = place(t, { file: "" });
  assert.match((await faultOf(open({ context: "nowhere" }), "CONTEXT_NOT_FOUND")).message, /"nowhere" does not exist/);
  await faultOf(open({ context: "" }), "CONTEXT_NOT_FOUND");
  await faultOf(open({ context: "a\0b" }), "CONTEXT_NOT_FOUND");
  await faultOf(open({ context: "file/sub" }), "CONTEXT_NOT_FOUND");
  await faultOf(open({ context: "x".repeat(300) }), "CONTEXT_NOT_FOUND");
  await faultOf(open({ context: "file" }), "CONTEXT_NOT_A_FOLDER");
  for (const context of ["https://example.com/a.tar.gz", "git@example.com:a/b.git", "github.com/a/b", "https://example.com/a.git#main"]) {
    await faultOf(open({ context }), "NOT_SUPPORTED");
  }
  await faultOf(open({ file: "https://example.com/Dockerfile" }), "NOT_SUPPORTED");
});

test("a missing Dockerfile is a fault that names its path", async (t) => {
  const { cwd, open } = place(t, {});
  assert.equal((await faultOf(open(), "DOCKERFILE_NOT_FOUND")).message, `there is no Dockerfile at ${join(cwd, "Dockerfile")}`);
});

test("a Dockerfile or ignore file that is a folder, or too large, is a fault", async (t) => {
  const { cwd, open } = place(t, { "a/Dockerfile": { directory: true }, "b/Dockerfile": "", "b/.dockerignore": { directory: true } });
  assert.match((await faultOf(open({ context: "a" }), "DOCKERFILE_UNREADABLE")).message, /it is a folder/);
  assert.match((await faultOf(open({ context: "b" }), "DOCKERFILE_UNREADABLE")).message, /\.dockerignore cannot be read: it is a folder/);
  assert.match((await faultOf(open({ file: "/dev/zero" }), "DOCKERFILE_UNREADABLE")).message, /larger than/);
  symlinkSync("loop", join(cwd, "loop"));
  assert.match((await faultOf(open({ file: "loop" }), "DOCKERFILE_UNREADABLE")).message, /circle/);
});

test("a Dockerfile without the right to read it is a fault", { skip }, async (t) => {
  const { cwd, open } = place(t, { Dockerfile: { file: "", mode: 0 } });
  chmodSync(join(cwd, ".."), 0o755);
  process.seteuid!(65534);
  try {
    assert.match((await faultOf(open(), "DOCKERFILE_UNREADABLE")).message, /permission denied/);
  } finally {
    process.seteuid!(0);
  }
});

test("a Dockerfile may come through a pipe, as shells give it for <(…)", async (t) => {
  const { cwd, open } = place(t, {});
  const pipe = join(cwd, "pipe");
  makeTree(cwd, { pipe: { fifo: 0o600 } });
  execFileSync("sh", ["-c", 'printf "FROM pipe" > "$1" &', "sh", pipe], { stdio: "ignore" });
  assert.equal(textOf(await open({ file: "pipe" })), "FROM pipe");
});

test("a context that is reached through a symlink is the folder it leads to", async (t) => {
  const { cwd, open } = place(t, { "real/Dockerfile": "" });
  symlinkSync("real", join(cwd, "link"));
  assert.equal((await open({ context: "link" })).root, join(cwd, "real"));
  mkdirSync(join(cwd, "other"));
});
