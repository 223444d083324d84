import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram } from "../../src/linux/find-program.ts";
import { noBusybox, writeBusyboxLayout } from "../support/busybox-base.ts";
import { eventually, killSupervisors, supervisors } from "../support/containers.ts";
import { asOrdinaryUser, noOrdinaryUser } from "../support/ordinary-user.ts";

const skip = noBusybox || noOrdinaryUser || (findProgram("unshare") === undefined ? "needs unshare" : false);

/** Whether everybody may open the device that a network of one's own needs. */
const tun = (statSync("/dev/net/tun", { throwIfNoEntry: false })?.mode ?? 0) & 0o006;
const pasta = findProgram("pasta") !== undefined && tun === 0o006;

for (const ids of ["many", "one"] as const) {
  test(`an ordinary user who has ${ids === "many" ? "many ids" : "one id"} runs, enters, fills, reaches, stops and removes containers`, { skip }, async (context) => {
    let root: string | undefined;
    context.after(() => root !== undefined && killSupervisors(root));
    const { home, sampan } = asOrdinaryUser(context);
    root = join(home, "store");
    const layout = join(home, "layout");
    const { config } = writeBusyboxLayout(layout);
    const archive = join(home, "base.tar");
    execFileSync("tar", ["-C", layout, "-cf", archive, "."]);
    const ok = async (...words: string[]): Promise<string> => {
      const { status, stdout, stderr } = await sampan(words, ids === "one" ? { SAMPAN_USERNS: "one" } : {});
      assert.equal(status, 0, `${words.join(" ")}\n${stderr}`);
      return stdout.trimEnd();
    };
    await ok("load", "-i", archive);
    await ok("tag", config, "base:1");
    // Nor does Node read it where the program executes itself again.
    writeFileSync(join(home, "app.env"), "NODE_OPTIONS=--bogus\n");
    assert.equal(await ok("run", "--rm", "--env-file", "app.env", "base:1", "sh", "-c", "echo $NODE_OPTIONS"), "--bogus");
    await ok("run", "-d", "--name", "mine", "base:1", "sh", "-c", "trap 'exit 5' USR1; echo said; while true; do sleep 0.05; done");
    await eventually(() => ok("logs", "mine"), (text) => text === "said");
    // Each command has a user namespace of its own; exec enters that of the container.
    assert.match(await ok("exec", "mine", "sh", "-c", "id -u; grep CapEff /proc/self/status; ps | grep -c USR1"), /^0\nCapEff:\t00000000a80425fb\n[1-9]/);
    if (ids === "many") assert.equal(await ok("exec", "-u", "app", "mine", "id", "-u"), "1000");
    else assert.match((await sampan(["exec", "-u", "app", "mine", "id", "-u"], { SAMPAN_USERNS: "one" })).stderr, /not mapped/);
    assert.equal(await ok("kill", "-s", "USR1", "mine"), "mine");
    assert.equal(await ok("wait", "mine"), "5");
    await ok("start", "mine");

    // Files go in and out while it runs and when it does not, and those outside are the user's.
    writeFileSync(join(home, "note"), "from outside\n");
    await ok("cp", join(home, "note"), "mine:/tmp/note");
    assert.equal(await ok("exec", "mine", "sh", "-c", "cat /tmp/note; stat -c %u /tmp/note; mkdir /tmp/made; echo x > /tmp/made/x"), "from outside\n0");
    assert.match((await sampan(["rm", "mine"], ids === "one" ? { SAMPAN_USERNS: "one" } : {})).stderr, /container mine is running: it cannot be removed/);
    await ok("stop", "-t", "0", "mine");
    await ok("cp", join(home, "note"), "mine:/tmp/made/again");
    await ok("cp", "mine:/tmp/made", join(home, "made"));
    assert.deepEqual(["x", "again"].map((name) => readFileSync(join(home, "made", name), "utf8")), ["x\n", "from outside\n"]);
    assert.equal(statSync(join(home, "made/x")).uid, statSync(home).uid);
    await ok("start", "mine");
    const web = ["run", "-d", "--name", "web", "-p", "127.0.0.1::80", "base:1", "httpd", "-f", "-p", "80", "-h", "/etc"];
    if (!pasta) {
      const refused = await sampan(web, ids === "one" ? { SAMPAN_USERNS: "one" } : {});
      assert.deepEqual([refused.status, /ports cannot be published: .* needs pasta and \/dev\/net\/tun\n.*--network host/.test(refused.stderr)], [125, true], refused.stderr);
    } else {
      await ok(...web);
      const address = (await ok("port", "web", "80")).split("\n")[0]!;
      const page = await eventually(() => fetch(`http://${address}/passwd`).then((answer) => answer.text(), () => ""), (text) => text !== "");
      assert.match(page, /^root:x:0:0:/);
      await ok("rm", "-f", "web");
    }
    const follower = sampan(["logs", "-f", "mine"], ids === "one" ? { SAMPAN_USERNS: "one" } : {});
    for (const pid of supervisors(root)) process.kill(pid, "SIGKILL");
    assert.match((await follower).stdout, /^said\nsaid\n(said\n)?$/, "it ends with the container");
    assert.equal(await ok("ps", "-a", "--format", "{{.Names}} {{.State}}"), "mine exited");
    await ok("rm", "mine");
    const limited = await sampan(["run", "--rm", "--memory", "64m", "base:1", "true"]);
    if (limited.status !== 0) assert.match(limited.stderr, /--memory is not possible here: .*\n.*systemd-run/);
  });
}
