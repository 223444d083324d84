import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { startJourney, type Journey } from "../support/journey.ts";
import { serveSources } from "../support/source-server.ts";

const notRoot = process.getuid!() === 0 ? false : "needs root";
const noMounts = notRoot || (spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0 ? false : "needs the right to mount");

async function setUp(context: TestContext): Promise<Journey> {
  const journey = await startJourney(context);
  const folder = journey.context("app", {
    Dockerfile: "FROM base:1\nCOPY --chown=1000:1001 tree /app\nCOPY late /app/sub/late\nCOPY late /app/sub/a\n",
    "tree/sub/a": "a", "tree/sub/b": "b", "tree/run.sh": "#!/bin/sh\n", late: "late",
  });
  symlinkSync("/app/sub", join(folder, "tree/link"));
  symlinkSync("../../../../../../../../etc/passwd", join(folder, "tree/out"));
  symlinkSync("loop", join(folder, "tree/loop"));
  await journey.succeeds(["build", "-q", "-t", "app:1", folder]);
  return journey;
}

test("image cp copies by docker cp's rules", { skip: noBusybox }, async (context) => {
  const { folder, sampan, succeeds } = await setUp(context);
  const work = join(folder, "work");
  mkdirSync(join(work, "into"), { recursive: true });
  const cp = (from: string, to: string, ...flags: string[]): Promise<string> => succeeds(["image", "cp", ...flags, `app:1:${from}`, to], { cwd: work });
  const text = (path: string): string => readFileSync(join(work, path), "utf8");
  await cp("/app/sub/a", "file");
  await cp("/app/sub/a", "into");
  await cp("/app/sub/b", "file");
  await cp("/app/sub", "new");
  await cp("/app/sub", "into");
  await cp("/app/sub/.", "into");
  assert.deepEqual([text("file"), text("into/a"), text("new/a"), text("new/late"), text("into/sub/b"), text("into/b")], ["b", "late", "late", "late", "b", "b"]);
  await cp("/app/link", "copied");
  await cp("/app/link", "followed", "-L");
  await cp("/app/link/a", "through");
  assert.equal(readlinkSync(join(work, "copied")), "/app/sub");
  assert.deepEqual([readdirSync(join(work, "followed")), text("through")], [["a", "b", "late"], "late"]);
  await cp("/", "root");
  assert.ok(existsSync(join(work, "root/app/run.sh")) && lstatSync(join(work, "root/app/out")).isSymbolicLink());
  for (const [from, to, problem] of [
    ["/app/none", "x", /\/app\/none in app:1: it does not exist/], ["/app/sub/a/", "x", /it is no directory/], ["/app/sub", "file", /a directory cannot be copied over a file/],
    ["/app/sub/a", "none/", /destination directory must exist/], ["/app/sub/a", "none/x", /the directory .*none does not exist/], ["/app/loop/x", "x", /in a circle/],
  ] as const) {
    const { status, stderr } = await sampan(["image", "cp", `app:1:${from}`, to], { cwd: work });
    assert.deepEqual([status, problem.test(stderr)], [1, true], `${from} ${to}: ${stderr}`);
  }
  assert.equal((await sampan(["image", "cp", "file", "app:1:/x"], { cwd: work })).status, 2);
});

test("no symlink of an image leads out of it, and none of the destination is followed", { skip: noBusybox }, async (context) => {
  const { folder, sampan, succeeds } = await setUp(context);
  const { status, stderr } = await sampan(["image", "cp", "-L", "app:1:/app/out", join(folder, "passwd")]);
  assert.equal(status, 0, stderr);
  assert.notEqual(readFileSync(join(folder, "passwd"), "utf8"), readFileSync("/etc/passwd", "utf8"), "it is the image's own file");
  const into = join(folder, "into");
  mkdirSync(join(into, "app"), { recursive: true });
  mkdirSync(join(folder, "outside"));
  symlinkSync("../../outside", join(into, "app/sub"));
  await succeeds(["image", "cp", "app:1:/app", into]);
  assert.deepEqual(readdirSync(join(folder, "outside")), []);
  assert.equal(readFileSync(join(into, "app/sub/a"), "utf8"), "late");
});

test("files belong to the caller, or with -a to whom they belong in the image", { skip: noBusybox || notRoot }, async (context) => {
  const { folder, succeeds } = await setUp(context);
  await succeeds(["image", "cp", "app:1:/app/run.sh", join(folder, "mine")]);
  await succeeds(["image", "cp", "-a", "app:1:/app", join(folder, "theirs")]);
  const owner = (path: string): number[] => [statSync(join(folder, path)).uid, statSync(join(folder, path)).gid];
  assert.deepEqual([owner("mine"), owner("theirs"), owner("theirs/run.sh"), owner("theirs/sub/late")], [[0, 0], [1000, 1001], [1000, 1001], [0, 0]]);
});

test("image cp - writes a tar archive", { skip: noBusybox }, async (context) => {
  const { folder } = await setUp(context);
  const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;
  const list = (from: string): string[] => execFileSync("bash", ["-c", `set -o pipefail; ${process.execPath} ${launcher} image cp app:1:${from} - | tar -t`], { encoding: "utf8", env: { ...process.env, SAMPAN_ROOT: join(folder, "store") } }).trim().split("\n");
  assert.deepEqual(list("/app/sub"), ["sub/", "sub/a", "sub/b", "sub/late"]);
  assert.deepEqual(list("/app/sub/."), ["a", "b", "late"]);
  assert.deepEqual(list("/app/sub/a"), ["a"]);
  assert.ok(list("/").includes("app/sub/late"));
});

test("import makes an image of a root file system, packed or not, with the changes that it is given", { skip: noBusybox || notRoot }, async (context) => {
  const { folder, root, sampan, succeeds } = await setUp(context);
  const tree = join(folder, "rootfs");
  mkdirSync(join(tree, "etc"), { recursive: true });
  writeFileSync(join(tree, "etc/name"), "imported\n");
  chownSync(join(tree, "etc/name"), 33, 33);
  for (const [letter, name] of [["", "plain"], ["z", "gzip"], ["J", "xz"], ["j", "bzip2"]] as const) execFileSync("tar", [`-c${letter}f`, join(folder, `${name}.tar`), "-C", tree, "."]);
  const id = (await succeeds(["import", "-m", "from a test", "-c", "CMD [\"/bin/sh\"]", "-c", "ENV A=1 B=2", "-c", "WORKDIR /etc", "-c", "EXPOSE 80", join(folder, "gzip.tar"), "imported:1"])).trim();
  const shown = await succeeds(["inspect", "-f", "{{.Id}} {{json .Config.Cmd}} {{.Config.Env}} {{.Config.WorkingDir}} {{.Config.ExposedPorts}} {{.Comment}} {{len .RootFS.Layers}}", "imported:1"]);
  assert.equal(shown, `${id} ["/bin/sh"] [A=1 B=2] /etc map[80/tcp:map[]] from a test 1\n`.replace("map[80/tcp:map[]]", "map[80/tcp:{}]"));
  await succeeds(["image", "cp", "-a", "imported:1:/etc/name", join(folder, "name")]);
  assert.deepEqual([readFileSync(join(folder, "name"), "utf8"), statSync(join(folder, "name")).uid], ["imported\n", 33]);
  const layer = (name: string): Promise<string> => succeeds(["inspect", "-f", "{{.RootFS.Layers}}", name]);
  await succeeds(["import", "-", "piped:1"], { input: readFileSync(join(folder, "plain.tar")) });
  for (const name of ["xz", "bzip2"]) {
    await succeeds(["image", "import", join(folder, `${name}.tar`), `${name}:1`]);
    assert.equal(await layer(`${name}:1`), await layer("imported:1"), name);
  }
  await using server = await serveSources();
  server.files.set("/moved.tar", { body: "", status: 302, headers: { location: "/gzip.tar?token=s3cret" } }).set("/gzip.tar", { body: readFileSync(join(folder, "gzip.tar")) });
  await succeeds(["import", `${server.origin.replace("//", "//me:pa%20ss@")}/moved.tar?key=s3cret`, "served:1"]);
  assert.equal(server.headers[0]!.authorization, `Basic ${Buffer.from("me:pa ss").toString("base64")}`);
  assert.equal(await succeeds(["inspect", "-f", "{{.Comment}}", "served:1"]), `Imported from ${server.origin}/moved.tar\n`, "without secrets");
  for (const name of ["piped:1", "served:1"]) assert.equal(await layer(name), await layer("imported:1"));
  await succeeds(["build", "-q", "-t", "upon:1", "-"], { input: "FROM imported:1\nLABEL a=b\n" });
  await succeeds(["save", "-o", join(folder, "saved.tar"), "imported:1"]);
  for (const [words, status, problem] of [
    [["-c", "RUN x", join(folder, "plain.tar")], 1, /RUN is not allowed in --change/], [["-c", "FROM x", join(folder, "plain.tar")], 1, /FROM is not allowed/],
    [[`${server.origin}/none.tar`], 1, /404/], [[join(folder, "none.tar")], 1, /no such file/],
    [[join(folder, "plain.tar"), "a@sha256:" + "0".repeat(64)], 1, /a name that an image gets has a tag/],
  ] as const) {
    const answer = await sampan(["import", ...words]);
    assert.deepEqual([answer.status, problem.test(answer.stderr)], [status, true], answer.stderr);
  }
  for (const input of ["", "no archive at all"]) assert.equal((await sampan(["import", "-", "bad:1"], { input })).status, 1);
  assert.equal(await succeeds(["images", "-q", "bad"]), "");
  assertStoreWhole(root);
});

test("a mounted image can be looked at, is not removed, and can be unmounted", { skip: noBusybox || noMounts }, async (context) => {
  const { folder, root, sampan, succeeds } = await setUp(context);
  context.after(() => {
    for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) if (line.split(" ")[4]?.startsWith(`${folder}/`)) spawnSync("umount", [line.split(" ")[4]!]);
  });
  const own = (await succeeds(["image", "mount", "app:1"])).trim();
  const given = join(folder, "given");
  mkdirSync(given);
  assert.equal(await succeeds(["image", "mount", "app:1", given]), `${given}\n`);
  assert.equal(await succeeds(["image", "mount", "app:1"]), `${own}\n`, "a second time it is there already");
  for (const path of [own, given]) {
    assert.deepEqual(readdirSync(join(path, "app/sub")), ["a", "b", "late"]);
    assert.throws(() => writeFileSync(join(path, "app/new"), ""), /EROFS/);
  }
  assert.deepEqual((await succeeds(["image", "mount"])).trim().split("\n").map((line) => line.split("  ")[1]).sort(), [given, own].sort());
  // A mount over the store would hide it from all that come later.
  for (const [place, problem] of [["", /the folder to mount at is empty/], [root, /the store lies in it/], [folder, /the store lies in it/], ["/", /the store lies in it/], [join(root, "tmp"), /it belongs to the store/]] as const) {
    const refused = await sampan(["image", "mount", "app:1", place]);
    assert.notEqual(refused.status, 0, place);
    assert.match(refused.stderr, problem);
  }
  for (const words of [["rmi", "app:1"], ["rmi", "-f", "app:1"]]) {
    const refused = await sampan(words);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /conflict: unable to delete app:1 \(cannot be forced: the image is mounted at /);
  }
  await succeeds(["system", "prune", "-af"]);
  assert.equal(readFileSync(join(own, "app/sub/a"), "utf8"), "late");
  assert.match(await succeeds(["system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}"]), /^Images 1 1\n/);
  assert.equal(await succeeds(["image", "unmount", given]), `${given}\n`);
  const busy = spawnSync("sh", ["-c", `cd ${own} && SAMPAN_ROOT=${root} ${process.execPath} ${new URL("../../bin/sampan.cjs", import.meta.url).pathname} image unmount ${own}`], { encoding: "utf8" });
  assert.match(busy.stderr, /is in use\n/);
  assert.equal(await succeeds(["image", "unmount", "app:1"]), `${own}\n`);
  assert.equal(existsSync(own), false);
  await succeeds(["image", "mount", "app:1", given]);
  execFileSync("umount", [given]);
  assert.equal(await succeeds(["image", "mount"]), "", "what somebody else unmounted is forgotten");
  await succeeds(["rmi", "app:1"]);
  assertStoreWhole(root);
});
