import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { noGit } from "../golden/origin.ts";
import { makeRepositories } from "../support/git-repositories.ts";
import { noBuilds, scratchBuild, type ScratchBuild } from "../support/scratch-build.ts";
import { serveSources } from "../support/source-server.ts";

const EPOCH = 1_600_000_000;
const TIME = "2020-09-13T12:26:40Z";

/** The config's time, those of its history, and the image id. */
async function timesOf({ sampan }: ScratchBuild, name: string): Promise<{ id: string; times: Set<string> }> {
  const { stdout } = await sampan(["inspect", "--format", "{{.Id}} {{.Created}}", name]);
  const [id = "", created = ""] = stdout.trim().split(" ");
  const history = await sampan(["history", "--no-trunc", "--human=false", "--format", "{{.CreatedAt}}", name]);
  return { id, times: new Set([created, ...history.stdout.trim().split("\n")].map((time) => new Date(time).toISOString().replace(".000Z", "Z"))) };
}

describe("SOURCE_DATE_EPOCH", { skip: noBuilds }, () => {
  test("two builds with different stores, times and umasks give one image", async (t) => {
    await using server = await serveSources();
    server.files.set("/a", { body: "a", headers: { "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT" } });
    const ids: string[] = [];
    for (const umask of [0o022, 0o077]) {
      const scratch = await scratchBuild(t, { base: false });
      scratch.write({ "a.txt": "a" });
      utimesSync(join(scratch.context, "a.txt"), 1_000_000, 1_000_000);
      execFileSync("chmod", ["644", join(scratch.context, "a.txt")]);
      const before = process.umask(umask);
      const { status, stderr } = await scratch.build(`FROM scratch\nWORKDIR /w\nENV A=1\nCOPY a.txt /\nADD ${server.origin}/a /b\n`, ["-t", "x:1"], { env: { SOURCE_DATE_EPOCH: String(EPOCH) } })
        .finally(() => process.umask(before));
      assert.equal(status, 0, stderr);
      const { id, times } = await timesOf(scratch, "x:1");
      assert.deepEqual([...times], [TIME]);
      ids.push(id);
    }
    assert.equal(ids[0], ids[1]);
  });

  test("comes from the build argument before the environment, and from a global ARG; what is older stays", async (t) => {
    const scratch = await scratchBuild(t, { base: false });
    scratch.write({ "a.txt": "a" });
    const dockerfile = "FROM scratch\nCOPY a.txt /\n";
    await scratch.build(dockerfile, ["-t", "x:1", "--build-arg", `SOURCE_DATE_EPOCH=${EPOCH}`], { env: { SOURCE_DATE_EPOCH: "5" } });
    assert.deepEqual([...(await timesOf(scratch, "x:1")).times], [TIME]);
    await scratch.build(`ARG SOURCE_DATE_EPOCH=${EPOCH}\n${dockerfile}`, ["-t", "x:2"]);
    assert.deepEqual([...(await timesOf(scratch, "x:2")).times], [TIME]);
    await scratch.build(dockerfile, ["-t", "x:3", "--build-arg", "SOURCE_DATE_EPOCH=4000000000"]);
    assert.ok([...(await timesOf(scratch, "x:3")).times].every((time) => time < "2090"));
    const bad = await scratch.build(dockerfile, ["--build-arg", "SOURCE_DATE_EPOCH=now"]);
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /invalid SOURCE_DATE_EPOCH: now/);
  });

  test("all files in folders and tars have that time, as with BuildKit", async (t) => {
    const { build, write, folder, context } = await scratchBuild(t, { base: false });
    write({ "old.txt": "", "new.txt": "" });
    utimesSync(join(context, "old.txt"), 1_000_000, 1_000_000);
    const out = join(folder, "out");
    const { status, stderr } = await build("FROM scratch\nCOPY *.txt /d/\n", ["-o", out, "-o", `type=tar,dest=${out}.tar`, "--build-arg", `SOURCE_DATE_EPOCH=${EPOCH}`]);
    assert.equal(status, 0, stderr);
    mkdirSync(`${out}2`);
    execFileSync("tar", ["-xf", `${out}.tar`, "-C", `${out}2`]);
    for (const root of [out, `${out}2`]) {
      assert.deepEqual(["d/old.txt", "d/new.txt", "d"].map((name) => lstatSync(join(root, name)).mtimeMs / 1000), [EPOCH, EPOCH, EPOCH]);
    }
  });

  test("`context` is the time of the commit of a git context, and nothing for a folder", { skip: noGit }, async (t) => {
    const scratch = await scratchBuild(t, { base: false });
    makeRepositories(scratch.folder);
    await using server = await serveSources(scratch.folder);
    const remote = await scratch.sampan(["build", "-t", "x:1", "--build-arg", "SOURCE_DATE_EPOCH=context", `${server.origin}/git/app.git`]);
    assert.equal(remote.status, 0, remote.stderr);
    assert.deepEqual([...(await timesOf(scratch, "x:1")).times], [new Date(1_700_000_000_000).toISOString().replace(".000Z", "Z")]);
    const local = await scratch.build("FROM scratch\nENV A=1\n", ["-t", "x:2", "--build-arg", "SOURCE_DATE_EPOCH=context"]);
    assert.equal(local.status, 0, local.stderr);
  });
});
