import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { noGit } from "../golden/origin.ts";
import { commit, git, makeRepositories, publish } from "../support/git-repositories.ts";
import { noBuilds, scratchBuild } from "../support/scratch-build.ts";
import { reply, startScriptedServer } from "../support/scripted-server.ts";
import { serveSources } from "../support/source-server.ts";

describe("ADD of URLs", { skip: noBuilds }, () => {
  test("asks again by ETag, fetches what changed, and says why", async (t) => {
    await using server = await serveSources();
    const { build, checkStore } = await scratchBuild(t, { base: false });
    server.files.set("/a", { body: "one" });
    const dockerfile = `FROM scratch\nADD ${server.origin}/a /x\nCOPY Dockerfile /y\n`;
    const run = async (): Promise<string> => {
      server.log.length = 0;
      const { status, stderr } = await build(dockerfile, ["--explain"]);
      assert.equal(status, 0, stderr);
      return stderr;
    };
    assert.match(await run(), /why: it was not fetched before/);
    assert.match(await run(), /why: the server has it unchanged \(ETag\)/);
    assert.deepEqual(server.log, ["GET /a 304"]);
    server.files.set("/a", { body: "two" });
    const changed = await run();
    assert.match(changed, /why: etag: "\w+" → "\w+"/);
    assert.match(changed, /why: a: content changed/);
    assert.match(changed, /why: the step before it has another result/);
    server.files.set("/a", { body: "two", plain: true });
    assert.match(await run(), /its content is what it was/);
    assert.match(await run(), /ADD .*\n.*why: the (?:file that it reads is the same|same command)|same command on the same results/);
    await checkStore();
  });

  test("does not ask at all for what a checksum makes sure of, unless told to", async (t) => {
    await using server = await serveSources();
    const { build } = await scratchBuild(t, { base: false });
    server.files.set("/a", { body: "hello\n" });
    const dockerfile = `FROM scratch\nADD --checksum=sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 ${server.origin}/a /x\n`;
    for (const [words, count] of [[[], 1], [[], 0], [["--pull"], 1], [["--no-cache"], 1]] as const) {
      server.log.length = 0;
      const { status, stderr } = await build(dockerfile, words);
      assert.equal(status, 0, stderr);
      assert.equal(server.log.length, count, words.join());
    }
    server.files.set("/a", { body: "forged\n" });
    const { status, stderr } = await build(dockerfile, ["--no-cache"]);
    assert.equal(status, 1);
    assert.match(stderr, /digest mismatch sha256:\w+: sha256:5891b5b5/);
  });

  test("sends a login to its own host only, and shows it nowhere", async (t) => {
    await using other = await serveSources();
    await using server = await serveSources();
    const { build, root, folder } = await scratchBuild(t, { base: false });
    other.files.set("/b", { body: "b" });
    server.files.set("/a", { body: "", status: 302, headers: { location: `${other.origin}/b` } });
    const address = server.origin.replace("://", "://me:sEcReT@");
    const { status, stderr, stdout } = await build(`FROM scratch\nADD ${address}/a /x\n`, ["--explain", "-o", `type=oci,dest=${folder}/out.tar`]);
    assert.equal(status, 0, stderr);
    assert.equal(server.headers[0]!.authorization, `Basic ${Buffer.from("me:sEcReT").toString("base64")}`);
    assert.equal(other.headers[0]!.authorization, undefined);
    for (const text of [stderr, stdout, readFileSync(`${folder}/out.tar`, "latin1"), ...["", "-wal"].map((suffix) => readFileSync(join(root, `sampan.db${suffix}`), "latin1"))]) assert.ok(!text.includes("sEcReT"));
  });

  test("refuses endless redirects, other schemes and halves of files, and leaves nothing behind", async (t) => {
    await using server = await startScriptedServer(({ url }, response) => {
      if (url === "/loop") return reply(response, 302, { location: "/loop" });
      if (url === "/file") return reply(response, 302, { location: "file:///etc/passwd" });
      response.writeHead(200, { "content-length": "100" }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const { build, checkStore } = await scratchBuild(t, { base: false });
    for (const [path, said] of [["loop", /more than 10 times/], ["file", /neither http nor https/], ["half", /connection ended|closed the connection/]] as const) {
      const { status, stderr } = await build(`FROM scratch\nADD ${server.origin}/${path} /x\n`);
      assert.equal(status, 1, path);
      assert.match(stderr, said);
    }
    await checkStore();
  });

  test("fetches once for two processes", async (t) => {
    await using server = await serveSources();
    const { sampan, write, context } = await scratchBuild(t, { base: false });
    server.files.set("/a", { body: Buffer.alloc(8 * 1024 * 1024, "x") });
    write({ Dockerfile: `FROM scratch\nADD ${server.origin}/a /x\n` });
    const both = await Promise.all([1, 2, 3].map(() => sampan(["build", "--progress", "plain", context])));
    for (const { status, stderr } of both) assert.equal(status, 0, stderr);
    assert.deepEqual(server.log.map((line) => line.slice(-3)).sort(), ["200", "304", "304"]);
  });
});

describe("ADD of git repositories", { skip: noBuilds || noGit }, () => {
  test("goes by SSH with the agent that the build was given, and with nothing else of the user", async (t) => {
    const { build, folder } = await scratchBuild(t, { base: false });
    makeRepositories(folder);
    const bin = join(folder, "bin");
    mkdirSync(bin);
    // Stands in for OpenSSH: writes down how it was called, and runs what the other side would.
    writeFileSync(join(bin, "ssh"), `#!/bin/sh\necho "$SSH_AUTH_SOCK $*" >> '${folder}/calls'\nfor last; do :; done\ncd '${folder}' && eval "$last"\n`, { mode: 0o755 });
    const socket = join(folder, "agent.sock");
    const agent = createServer().listen(socket);
    t.after(() => agent.close());
    await once(agent, "listening");
    const dockerfile = `FROM scratch\nADD ssh://git@example.invalid${folder}/app.git#main /x\n`;
    const env = { PATH: `${bin}:${process.env["PATH"]}`, SSH_AUTH_SOCK: socket };
    const refused = await build(dockerfile, [], { env });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /no SSH key was given to the build.*--ssh default/s);
    assert.ok(!existsSync(join(folder, "calls")));
    const built = await build(dockerfile, ["--ssh", "default"], { env });
    assert.equal(built.status, 0, built.stderr);
    for (const call of readFileSync(join(folder, "calls"), "utf8").trim().split("\n")) assert.match(call, new RegExp(`^${socket} .*-F none -o IdentityFile=none .*example\\.invalid`));
  });

  test("asks which commit a branch is, and fetches only what it does not have", async (t) => {
    const { root, server, [Symbol.asyncDispose]: close } = await repositories(t);
    await using _ = { [Symbol.asyncDispose]: close };
    const { build } = await scratchBuild(t, { base: false });
    const dockerfile = `FROM scratch\nADD ${server.origin}/git/app.git#main /x\n`;
    const run = async (): Promise<string> => {
      const { status, stderr } = await build(dockerfile, ["--explain"]);
      assert.equal(status, 0, stderr);
      return stderr;
    };
    assert.match(await run(), /it was not fetched before/);
    assert.match(await run(), /commit \w{40} was fetched before/);
    commit(join(root, "work/app"), "third", { "a.txt": "three\n", "b.txt": null });
    publish(root, "app");
    const moved = await run();
    assert.match(moved, /refs\/heads\/main moved: \w{40} → \w{40}/);
    assert.match(moved, /a\.txt: content changed/);
  });

  test("fetches a repository with submodules from a server of plain files, with and without git's own files", async (t) => {
    const { root, server, [Symbol.asyncDispose]: close } = await repositories(t);
    await using _ = { [Symbol.asyncDispose]: close };
    for (const name of ["parent.git", "module.git"]) {
      git(join(root, name), "update-server-info");
      for (const item of readdirSync(join(root, name), { recursive: true, withFileTypes: true })) {
        const path = join(item.parentPath, item.name);
        if (item.isFile()) server.files.set(`/plain/${path.slice(root.length + 1)}`, { body: readFileSync(path), plain: true });
      }
    }
    const { build, folder } = await scratchBuild(t, { base: false });
    const out = join(folder, "out");
    const built = await build(`FROM scratch\nADD ${server.origin}/plain/parent.git /without\nADD ${server.origin}/plain/parent.git?keep-git-dir=true /with\n`, ["-o", out]);
    assert.equal(built.status, 0, built.stderr);
    for (const place of ["with", "without"]) assert.equal(readFileSync(join(out, place, "mod/m.txt"), "utf8"), "module\n");
    assert.deepEqual([existsSync(join(out, "with/.git/modules/mod")), existsSync(join(out, "without/.git")), existsSync(join(out, "without/mod/.git"))], [true, false, false]);
    assert.equal(git(join(out, "with"), "-c", "safe.directory=*", "status", "--porcelain").toString(), "");
  });

  test("fetches a submodule whose commit is no longer the last one, from a server that gives no other by its id", async (t) => {
    const { root, server, [Symbol.asyncDispose]: close } = await repositories(t);
    await using _ = { [Symbol.asyncDispose]: close };
    commit(join(root, "work/module"), "later", { "m.txt": "later\n" });
    publish(root, "module");
    git(join(root, "module.git"), "config", "uploadpack.allowReachableSHA1InWant", "false");
    const { build, folder } = await scratchBuild(t, { base: false });
    const out = join(folder, "out");
    const built = await build(`FROM scratch\nADD ${server.origin}/old-git/parent.git?keep-git-dir=true /p\n`, ["-o", out]);
    assert.equal(built.status, 0, built.stderr);
    assert.equal(readFileSync(join(out, "p/mod/m.txt"), "utf8"), "module\n");
    assert.equal(git(join(out, "p"), "-c", "safe.directory=*", "status", "--porcelain").toString(), "");
  });

  test("runs no hooks and no filters of a repository, asks no questions and uses no key that was not given", async (t) => {
    const { root, server, [Symbol.asyncDispose]: close } = await repositories(t);
    await using _ = { [Symbol.asyncDispose]: close };
    const { build, folder } = await scratchBuild(t, { base: false });
    const trap = join(folder, "trapped");
    const evil = join(root, "work/app");
    commit(evil, "evil", { ".gitattributes": "* filter=evil\n", ".gitconfig": `[filter "evil"]\n\tsmudge = touch ${trap}\n[core]\n\thooksPath = .\n`, "post-checkout": `#!/bin/sh\ntouch ${trap}\n` });
    git(evil, "config", "-f", ".gitmodules", "submodule.x.url", `ext::sh -c "touch ${trap}"`);
    git(evil, "config", "-f", ".gitmodules", "submodule.x.path", "x");
    git(evil, "update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},x`);
    git(evil, "add", ".gitmodules");
    git(evil, "commit", "-q", "-m", "submodule");
    publish(root, "app");
    const without = await build(`FROM scratch\nADD ${server.origin}/git/app.git?submodules=0 /x\n`);
    assert.equal(without.status, 0, without.stderr);
    const withModules = await build(`FROM scratch\nADD ${server.origin}/git/app.git /x\n`);
    assert.equal(withModules.status, 1);
    assert.match(withModules.stderr, /transport 'ext' not allowed/);
    assert.throws(() => readFileSync(trap));
    const keys = await build("FROM scratch\nADD git@127.0.0.1:app.git /x\n");
    assert.match(keys.stderr, /no SSH key was given to the build/);
  });
});

async function repositories(t: TestContext): Promise<{ root: string; server: Awaited<ReturnType<typeof serveSources>> } & AsyncDisposable> {
  const root = mkdtempSync(join(tmpdir(), "sampan-git-"));
  mkdirSync(root, { recursive: true });
  makeRepositories(root);
  const server = await serveSources(root);
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return { root, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
