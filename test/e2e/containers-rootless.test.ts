import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram } from "../../src/linux/find-program.ts";
import { noBusybox, writeBusyboxLayout } from "../support/busybox-base.ts";
import { eventually, killSupervisors, supervisors } from "../support/containers.ts";
import { asOrdinaryUser, noOrdinaryUser } from "../support/ordinary-user.ts";

const skip = noBusybox || noOrdinaryUser || (findProgram("unshare") === undefined ? "needs unshare" : false);

for (const ids of ["many", "one"] as const) {
  test(`an ordinary user who has ${ids === "many" ? "many ids" : "one id"} runs, enters, stops and removes containers`, { skip }, async (context) => {
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
    await ok("run", "-d", "--name", "mine", "base:1", "sh", "-c", "trap 'exit 5' USR1; echo said; while true; do sleep 0.05; done");
    await eventually(() => ok("logs", "mine"), (text) => text === "said");
    // Each command has a user namespace of its own; exec enters that of the container.
    assert.match(await ok("exec", "mine", "sh", "-c", "id -u; grep CapEff /proc/self/status; ps | grep -c USR1"), /^0\nCapEff:\t00000000a80425fb\n[1-9]/);
    if (ids === "many") assert.equal(await ok("exec", "-u", "app", "mine", "id", "-u"), "1000");
    else assert.match((await sampan(["exec", "-u", "app", "mine", "id", "-u"], { SAMPAN_USERNS: "one" })).stderr, /not mapped/);
    assert.equal(await ok("kill", "-s", "USR1", "mine"), "mine");
    assert.equal(await ok("wait", "mine"), "5");
    await ok("start", "mine");
    for (const pid of supervisors(root)) process.kill(pid, "SIGKILL");
    assert.equal(await ok("ps", "-a", "--format", "{{.Names}} {{.State}}"), "mine exited");
    await ok("rm", "mine");
    const limited = await sampan(["run", "--rm", "--memory", "64m", "base:1", "true"]);
    if (limited.status !== 0) assert.match(limited.stderr, /--memory is not possible here: .*\n.*systemd-run/);
  });
}
