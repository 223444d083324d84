import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { noBuilds, scratchBuild } from "../support/scratch-build.ts";
import { serveSources } from "../support/source-server.ts";

describe("named contexts", { skip: noBuilds }, () => {
  test("an OCI layout stands for an image, by its only name, by a tag and by a digest", async (t) => {
    const { build, folder, write } = await scratchBuild(t);
    write({ "a.txt": "a" });
    const layout = join(folder, "layout");
    const made = await build("FROM base\nCOPY a.txt /from-layout\nENV LAYOUT=yes\nONBUILD ENV FIRED=yes\n", ["-t", "l:1", "-o", `type=oci,dest=${layout}.tar`]);
    assert.equal(made.status, 0, made.stderr);
    mkdirSync(layout);
    const { execFileSync } = await import("node:child_process");
    execFileSync("tar", ["-xf", `${layout}.tar`, "-C", layout]);
    const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: { digest: string }[] };
    const other = await scratchBuild(t, { base: false });
    for (const suffix of ["", ":1", `@${manifests[0]!.digest}`, `:other@${manifests[0]!.digest}`]) {
      const out = join(folder, `out${suffix.length}`);
      const { status, stderr } = await other.build("FROM app\nCOPY --from=app /from-layout /copied\n", ["--build-context", `app=oci-layout://${layout}${suffix}`, "-o", out]);
      assert.equal(status, 0, stderr);
      assert.equal(readFileSync(join(out, "copied"), "utf8"), "a");
    }
    const image = await other.build("FROM app\n", ["--build-context", `app=oci-layout://${layout}`, "-t", "x:1"]);
    assert.equal(image.status, 0, image.stderr);
    const { stdout } = await other.sampan(["inspect", "--format", "{{json .Config.Env}}", "x:1"]);
    assert.match(stdout, /"LAYOUT=yes","FIRED=yes"/);
    const missing = await other.build("FROM app\n", ["--build-context", `app=oci-layout://${layout}@sha256:${"0".repeat(64)}`]);
    assert.equal(missing.status, 1);
  });

  test("a folder is read as it is now, with its own .dockerignore, and --explain names its files", async (t) => {
    const { build, folder } = await scratchBuild(t, { base: false });
    const named = join(folder, "named");
    mkdirSync(named);
    writeFileSync(join(named, "a"), "1");
    writeFileSync(join(named, "b"), "1");
    writeFileSync(join(named, ".dockerignore"), "b\n");
    const run = async (): Promise<string> => {
      const { status, stderr } = await build("FROM scratch\nCOPY --from=n / /x/\n", ["--explain", "--build-context", `n=${named}`]);
      assert.equal(status, 0, stderr);
      return stderr;
    };
    await run();
    assert.match(await run(), /files that it reads are the same/);
    writeFileSync(join(named, "b"), "2");
    assert.match(await run(), /files that it reads are the same/);
    writeFileSync(join(named, "a"), "2");
    assert.match(await run(), /why: a: content changed/);
  });

  test("target: puts a stage in place of an image, and circles are named", async (t) => {
    const { build, folder, write } = await scratchBuild(t, { base: false });
    write({ "a.txt": "a" });
    const out = join(folder, "out");
    const { status, stderr } = await build("FROM scratch AS one\nCOPY a.txt /x\nFROM alpine\nCOPY --from=other:1 /x /y\n", ["--build-context", "alpine=target:one", "--build-context", "other:1=target:one", "-o", out]);
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(join(out, "y"), "utf8"), "a");
    const circle = await build("FROM scratch AS one\nFROM one AS two\nFROM two\n", ["--build-context", "one=target:two"]);
    assert.match(circle.stderr, /circular dependency detected on stage/);
    const self = await build("FROM scratch AS one\n", ["--build-context", "one=target:one"]);
    assert.match(self.stderr, /circular dependency detected on stage/);
    const nowhere = await build("FROM alpine\n", ["--build-context", "alpine=target:on"]);
    assert.match(nowhere.stderr, /target stage "on" could not be found/);
  });

  test("what cannot be a context is refused as wrong usage", async (t) => {
    const { build } = await scratchBuild(t, { base: false });
    for (const [word, said] of [["x", /expected key=value/], ["x=/nowhere", /there is no folder \/nowhere/], ["Base=.", /invalid context name Base: .*lower case/], ["a b=.", /invalid context name a b: /], ["x=Dockerfile", /there is no folder|is no folder/], ["x=ftp://h/a", /unsupported context source ftp for x/]] as const) {
      const { status, stderr } = await build("FROM scratch\n", ["--build-context", word]);
      assert.equal(status, 2, stderr);
      assert.match(stderr, said);
    }
  });

  test("the context and the Dockerfile may be URLs; a Dockerfile on standard input goes with a remote context", async (t) => {
    await using server = await serveSources();
    const { sampan, folder, write, context } = await scratchBuild(t, { base: false });
    write({ "a.txt": "a" });
    const { execFileSync } = await import("node:child_process");
    server.files.set("/c.tgz", { body: execFileSync("tar", ["-C", context, "-cz", "a.txt"]) });
    server.files.set("/D", { body: "FROM scratch\nCOPY a.txt /x\n" });
    const out = join(folder, "out");
    const both = await sampan(["build", "-f", `${server.origin}/D`, "-o", out, `${server.origin}/c.tgz`]);
    assert.equal(both.status, 0, both.stderr);
    assert.equal(readFileSync(join(out, "x"), "utf8"), "a");
    const piped = await sampan(["build", "-f", "-", "-o", join(folder, "out2"), `${server.origin}/c.tgz`], { input: "FROM scratch\nCOPY a.txt /y\n" });
    assert.equal(piped.status, 0, piped.stderr);
    const local = await sampan(["build", "-f", `${server.origin}/D`, "-o", join(folder, "out3"), context]);
    assert.equal(local.status, 0, local.stderr);
    const without = await sampan(["build", `${server.origin}/c.tgz`]);
    assert.match(without.stderr, /there is no Dockerfile at Dockerfile in the context/);
  });
});
