import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { withContainers } from "../support/containers.ts";
import { noContainers } from "../support/sampan-base.ts";

const skip = noBusybox || noContainers;
const LIST = "cd /srv; find . | sort; cat app/.wh.x app/file; stat -c '%a %u:%g' app/file /etc/mode; readlink app/link; ls /srv/app/";
const LISTED = ". ./.wh.x ./app ./app/.wh.x ./app/file ./app/link ./file ./link ./more ./more/.wh.x ./more/file ./more/link plain boat 640 0:0 750 0:0 /etc file link";

test("files are copied into a container and out of it, whether it runs or not, by docker's rules", { skip }, async (context) => {
  const { ok, detach, sampan, folder } = await withContainers(context);
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app/file"), "boat\n", { mode: 0o640 });
  writeFileSync(join(folder, "app/.wh.x"), "plain\n");
  symlinkSync("/etc", join(folder, "app/link"));
  writeFileSync(join(folder, "mode"), "x");
  chmodSync(join(folder, "mode"), 0o750);
  await detach("--name", "runs", "base:1", "sleep", "1000");
  await ok("create", "--name", "rests", "base:1", "sh", "-c", LIST);
  const refused = async (from: string, to: string): Promise<string> => {
    const { status, stderr } = await sampan(["cp", from, to], { cwd: folder });
    assert.equal(status, 1, stderr);
    return stderr;
  };
  for (const name of ["runs", "rests"]) {
    await ok("cp", join(folder, "app"), `${name}:srv`); // becomes /srv, which is not there
    await ok("cp", join(folder, "app"), `${name}:srv`); // goes into it
    await ok("cp", `${folder}/app/.`, `${name}:/srv/more`); // made of the contents, as there is no such folder
    await ok("cp", join(folder, "mode"), `${name}:/srv/app/link/`); // a symlink of the container leads within it
    assert.match(await refused("mode", `${name}:/none/x`), /the directory \/none does not exist/);
    assert.match(await refused("mode", `${name}:/none/`), /the destination directory must exist/);
    assert.match(await refused("app", `${name}:/etc/mode`), /a directory cannot be copied over a file/);
    assert.match(await refused("none", `${name}:/`), /none: it does not exist/);
    assert.match(await refused(`${name}:/none`, "."), new RegExp(`/none in ${name}: it does not exist\nhint: \`sampan cp ${name}:/ - `));
    const archive = execFileSync("tar", ["-C", folder, "-c", "mode"]);
    assert.equal((await sampan(["cp", "-", `${name}:/nowhere`], { input: archive })).status, 1, "an archive goes into a folder that is there");
    assert.equal((await sampan(["cp", "-", `${name}:/tmp`], { input: archive })).status, 0);
    const kinds = execFileSync("tar", ["-C", folder, "--transform", "s,mode,srv,", "-c", "mode"]);
    assert.match((await sampan(["cp", "-", `${name}:/`], { input: kinds })).stderr, /\/srv: the directory that is there is not replaced by a file/);

    await ok("cp", `${name}:/srv/.`, join(folder, `from-${name}`));
    assert.equal(readFileSync(join(folder, `from-${name}/more/file`), "utf8"), "boat\n");
    assert.equal(readFileSync(join(folder, `from-${name}/app/.wh.x`), "utf8"), "plain\n");
    assert.equal(readlinkSync(join(folder, `from-${name}/app/link`)), "/etc");
    assert.equal(statSync(join(folder, `from-${name}/app/file`)).mode & 0o777, 0o640);
    await ok("cp", "-L", `${name}:/srv/app/link`, join(folder, `etc-${name}`));
    assert.ok(existsSync(join(folder, `etc-${name}/mode`)), "the container's /etc and not this machine's");
    const listed = execFileSync("tar", ["-t"], { input: await ok("cp", `${name}:/srv/app`, "-"), encoding: "utf8" });
    assert.equal(listed, "app/\napp/.wh.x\napp/file\napp/link\n");
  }
  assert.equal((await sampan(["cp", "runs:/x", "rests:/x"])).status, 2);
  assert.equal((await sampan(["cp", "x", "y"])).status, 2);
  for (const text of [await ok("exec", "runs", "sh", "-c", LIST), await ok("start", "-a", "rests")]) assert.equal(text.split("\n").join(" "), LISTED);
});

test("owners are kept with -a; nothing is written where a container may not be, or where it would not be seen", { skip }, async (context) => {
  const { ok, detach, sampan, folder } = await withContainers(context);
  writeFileSync(join(folder, "f"), "f");
  mkdirSync(join(folder, "shared"));
  await detach("--name", "runs", "-v", `${folder}/shared:/shared`, "--tmpfs", "/memory", "base:1", "sh", "-c", "chown 7:8 /etc/group; ln -s /shared /way; while :; do echo line >> /growing; sleep 0.01; done");
  await ok("cp", join(folder, "f"), "runs:/way/f");
  assert.equal(readFileSync(join(folder, "shared/f"), "utf8"), "f");
  await ok("cp", "-a", "runs:/etc/group", join(folder, "theirs"));
  assert.deepEqual([lstatSync(join(folder, "theirs")).uid, lstatSync(join(folder, "theirs")).gid], [7, 8]);
  await ok("cp", "-a", join(folder, "theirs"), "runs:/theirs");
  assert.equal(await ok("exec", "runs", "stat", "-c", "%u:%g", "/theirs"), "7:8");
  await ok("cp", "runs:/growing", join(folder, "log"));
  assert.match(readFileSync(join(folder, "log"), "utf8"), /^(line\n)+l?i?n?e?$/);
  await ok("kill", "runs");
  assert.match((await sampan(["cp", join(folder, "f"), "runs:/shared/g"])).stderr, new RegExp(`not supported.*\nhint: that is ${folder}/shared of this machine`));
  assert.match((await sampan(["cp", join(folder, "f"), "runs:/memory/g"])).stderr, /\/memory is in memory/);
  await ok("create", "--name", "firm", "--read-only", "base:1", "sleep", "1000");
  assert.match((await sampan(["cp", join(folder, "f"), "firm:/f"])).stderr, /read-only/);
  await ok("start", "firm");
  const { status, stderr } = await sampan(["cp", join(folder, "f"), "firm:/f"]);
  assert.deepEqual([status, /cannot be written to/.test(stderr)], [1, true], stderr);
});
