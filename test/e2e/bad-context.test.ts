import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { makeNode } from "../../src/linux/mknod.ts";
import { assertFault } from "../support/check-fault.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { asOrdinaryUser, noOrdinaryUser } from "../support/ordinary-user.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { noBuilds, scratchBuild, type ScratchBuild } from "../support/scratch-build.ts";

/** The files of a build's result, as a folder. */
async function builtTree(scratch: ScratchBuild, dockerfile: string): Promise<string> {
  const tree = join(scratch.folder, "tree");
  rmSync(tree, { recursive: true, force: true });
  const built = await scratch.build(dockerfile, ["-o", `type=local,dest=${tree}`]);
  assert.equal(built.status, 0, built.stderr);
  return tree;
}

test("a context or Dockerfile that is not there or is something else is named, with what to do", async (context) => {
  const { sampan, folder, root } = scratchSampan(context);
  mkdirSync(join(folder, "empty"));
  mkdirSync(join(folder, "app", "Dockerfile"), { recursive: true });
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "file"), "FROM scratch\n");
  writeFileSync(join(folder, "sub", "Other"), "FROM scratch\n");
  const inFolder = { cwd: folder };
  assertFault(await sampan(["build", "nowhere"], inFolder), { message: /the build context "nowhere" does not exist/, hint: /often `\.`/ });
  assertFault(await sampan(["build", "file"], inFolder), { message: /the build context "file" is not a folder/, hint: /sampan build - < file/ });
  assertFault(await sampan(["build", "empty"], inFolder), { message: /there is no Dockerfile at .*\/empty\/Dockerfile/, hint: /-f/ });
  assertFault(await sampan(["build", "app"], inFolder), { message: /Dockerfile cannot be read: it is a folder/ });
  assertFault(await sampan(["build", "-f", "Other", "sub"], inFolder), { message: /there is no Dockerfile at/, hint: /did you mean -f sub\/Other/ });
  assertFault(await sampan(["build", "-"], { input: "" }), { message: /standard input is empty/, hint: /sampan build - </ });
  assertFault(await sampan(["build", "-f", "-", "-"], { input: "FROM scratch" }), { status: 2, message: /cannot be both/, hint: /sampan build -f - \./ });
  writeFileSync(join(folder, "empty", "Dockerfile"), "FROM scratch\nCOPY . /\n");
  writeFileSync(join(folder, "empty", ".dockerignore"), "a\n[b\n");
  assertFault(await sampan(["build", "empty"], inFolder), { message: /\[b|pattern/, hint: /correct the pattern "\[b"/ });
  assertStoreWhole(root);
});

test("a damaged archive as context is a fault, and nothing of it stays", { skip: noBuilds }, async (context) => {
  const scratch = await scratchBuild(context);
  scratch.write({ Dockerfile: "FROM base\nCOPY large /\n", large: randomBytes(300_000) });
  const archive = execFileSync("tar", ["-C", scratch.context, "-cz", "."]);
  const cut = await scratch.sampan(["build", "-"], { input: archive.subarray(0, archive.length - 200) });
  assertFault(cut, { message: /damaged|cannot be unpacked/, hint: /get the archive/ });
  const changed = Buffer.from(archive);
  changed.fill(0xff, 100_000, 100_060);
  assertFault(await scratch.sampan(["build", "-"], { input: changed }), { message: /damaged|cannot be unpacked/, hint: /./ });
  assertStoreWhole(scratch.root);
  assert.equal((await scratch.sampan(["build", "-"], { input: archive })).status, 0);
});

test("a file that the user may not read is named; as soon as it is ignored or readable the build works", { skip: noOrdinaryUser }, async (context) => {
  const user = asOrdinaryUser(context);
  const app = join(user.home, "app");
  mkdirSync(join(app, "closed"), { recursive: true });
  writeFileSync(join(app, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  writeFileSync(join(app, "secret"), "x");
  writeFileSync(join(app, "closed", "inside"), "x");
  const build = (): Promise<Finished> => user.sampan(["build", "--progress", "plain", "-t", "t", app]);
  execFileSync("chown", ["-R", "--reference", user.home, app]);
  chownSync(join(app, "secret"), 0, 0);
  chmodSync(join(app, "secret"), 0o600);
  assertFault(await build(), { message: /\/secret cannot be read: permission denied/, hint: /\.dockerignore/, frame: { place: "Dockerfile:2", line: "COPY . /" } });
  writeFileSync(join(app, ".dockerignore"), "secret\n");
  chmodSync(join(app, "closed"), 0);
  chownSync(join(app, "closed"), 0, 0);
  assertFault(await build(), { message: /\/closed cannot be read: permission denied/, hint: /\.dockerignore/ });
  writeFileSync(join(app, ".dockerignore"), "secret\nclosed\n");
  const good = await build();
  assert.equal(good.status, 0, good.stderr);
});

test("symlinks of the context never lead outside of it", { skip: noBuilds }, async (context) => {
  const scratch = await scratchBuild(context);
  mkdirSync(join(scratch.folder, "outside"));
  writeFileSync(join(scratch.folder, "outside", "secret"), "outside");
  scratch.write({ "dir/file": "inside", secret: "decoy" });
  symlinkSync("../outside", join(scratch.context, "out"));
  symlinkSync(join(scratch.folder, "outside", "secret"), join(scratch.context, "absolute"));
  symlinkSync("../../../../../../../secret", join(scratch.context, "dir", "up"));
  for (const source of ["out/secret", "out", "absolute", "out/*/../secret"]) {
    assertFault(await scratch.build(`FROM base\nCOPY ${source} /\n`), { message: /not found in the build context/, hint: /outside|did you mean/, frame: { place: "Dockerfile:2", line: `COPY ${source} /` } });
  }
  // As a chroot into the context would see them: at the root of the context, `..` leads no further.
  assert.equal(readFileSync(join(await builtTree(scratch, "FROM scratch\nCOPY dir/up /up\n"), "up"), "utf8"), "decoy");
  const tree = await builtTree(scratch, "FROM scratch\nCOPY . /all/\n");
  assert.equal(execFileSync("readlink", [join(tree, "all", "out")], { encoding: "utf8" }), "../outside\n");
  assertStoreWhole(scratch.root);
});

test("sockets, pipes and devices in the context neither block nor break a build", { skip: noBuilds }, async (context) => {
  const scratch = await scratchBuild(context);
  scratch.write({ "x/file": "x" });
  makeNode(join(scratch.context, "x", "pipe"), "fifo", 0o644);
  makeNode(join(scratch.context, "x", "null"), "character", 0o666, 1, 3);
  const server = createServer().listen(join(scratch.context, "x", "socket"));
  context.after(() => server.close());
  const tree = await builtTree(scratch, "FROM scratch\nCOPY x /x\n");
  assert.equal(execFileSync("sh", ["-c", "stat -c '%n %F' * | sort"], { cwd: join(tree, "x"), encoding: "utf8" }).replace(/regular (?:empty )?file/g, "file"),
    "file file\nnull character special file\npipe fifo\nsocket file\n");
  const again = await scratch.build("FROM scratch\nCOPY x /x\n");
  assert.match(again.stderr, /COPY x \/x\n#\d+ CACHED/);
  assertStoreWhole(scratch.root);
});

test("files that change all the time give a fault or a whole image, and the build works when they rest", { skip: noBuilds }, async (context) => {
  const scratch = await scratchBuild(context);
  scratch.write(Object.fromEntries(Array.from({ length: 400 }, (_, number) => [`files/${number}`, Buffer.alloc(20_000, String(number))])));
  // Appends to some, replaces some, and lets some vanish and come back, as fast as it can.
  const writer = spawn("sh", ["-c", 'cd files; echo ready; while :; do for n in 1 2 3; do echo more >>$n; cp 4 5.new; mv 5.new 5; rm -f 6; echo back >6; done; done'], { cwd: scratch.context, stdio: ["ignore", "pipe", "ignore"] });
  context.after(() => writer.kill("SIGKILL"));
  await new Promise((resolve) => writer.stdout.once("data", resolve));
  for (let round = 0; round < 4; round += 1) {
    const result = await scratch.build("FROM base\nCOPY files /files\nRUN test \"$(ls /files | wc -l)\" -ge 399\n", ["--no-cache"]);
    if (result.status !== 0) assertFault(result, { message: /changed while it was read|it vanished|not found/, hint: /./ });
    assertStoreWhole(scratch.root);
  }
  writer.kill("SIGKILL");
  await new Promise((resolve) => writer.once("close", resolve));
  rmSync(join(scratch.context, "files", "5.new"), { force: true });
  writeFileSync(join(scratch.context, "files", "6"), "back\n");
  const tree = await builtTree(scratch, "FROM scratch\nCOPY files /files\n");
  assert.equal(execFileSync("diff", ["-r", join(scratch.context, "files"), join(tree, "files")], { encoding: "utf8" }), "");
  assert.ok(existsSync(join(tree, "files", "399")));
});
