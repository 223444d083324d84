import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { eventually, withContainers } from "../support/containers.ts";
import { findProgram } from "../support/find-program.ts";
import { noTerminal, onTerminal } from "../support/on-terminal.ts";
import { noContainers } from "../support/sampan-base.ts";

const skip = noBusybox || noContainers;
const noFreezer = process.platform === "linux" ? false : "needs cgroups";

test("who attaches sees and says what a container in the background says and hears, and gets its exit status", { skip: skip || noTerminal }, async (context) => {
  const { ok, detach, sampan, root } = await withContainers(context);
  await detach("-i", "--name", "shell", "base:1", "sh");
  const talk = await sampan(["attach", "shell"], { input: "echo heard; echo trouble >&2; exit 5\n" });
  assert.deepEqual([talk.status, talk.stdout, talk.stderr], [5, "heard\n", "trouble\n"]);
  assert.equal((await sampan(["attach", "shell"])).status, 1, "it has ended");

  await detach("-it", "--name", "screen", "base:1", "sh", "-c", "(while :; do echo alive; sleep 0.2; done) & exec sh");
  assert.match((await sampan(["attach", "screen"])).stderr, /needs a terminal/);
  const left = await onTerminal(["attach", "screen"], { SAMPAN_ROOT: root }, [["alive", "stty size\n"], ["12 80", "\u0010\u0011"]]);
  assert.deepEqual([left.status, /read escape sequence/.test(left.screen)], [0, true], left.screen);
  assert.equal(await ok("ps", "--format", "{{.Names}}"), "screen");
  const ended = await onTerminal(["start", "-ai", "screen"], { SAMPAN_ROOT: root }, [["alive", "exit 6\n"]]);
  assert.equal(ended.status, 6, ended.screen);

  await detach("--name", "deaf", "base:1", "sh", "-c", "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.05; done");
  await eventually(() => ok("logs", "deaf"), (text) => text.includes("ready"));
  const signalled = await sampan(["attach", "deaf"], { onStart: (child) => void setTimeout(() => child.kill("SIGTERM"), 1500) });
  assert.deepEqual([signalled.status, signalled.stdout], [7, "caught\n"], signalled.stderr);
  assert.equal((await sampan(["attach", "--detach-keys", "ctrl-1", "deaf"])).status, 125);
});

test("a container stands still while it is paused, and what it is and has done is shown", { skip: skip || noFreezer }, async (context) => {
  const { ok, detach, sampan, folder } = await withContainers(context);
  await detach("--name", "busy", "base:1", "sh", "-c", "rm /etc/group; echo x > /new; (while :; do echo tick; sleep 0.01; done) & exec sleep 1000");
  await eventually(() => ok("logs", "busy"), (text) => text.includes("tick"));
  const lines = async (): Promise<number> => (await ok("logs", "busy")).split("\n").length;
  assert.equal(await ok("pause", "busy"), "busy");
  const still = await lines();
  assert.match(await ok("ps", "--format", "{{.State}} {{.Status}}"), /^paused Up .* \(Paused\)$/);
  assert.match((await sampan(["exec", "busy", "true"])).stderr, /is paused: unpause it before exec/);
  assert.match((await sampan(["pause", "busy"])).stderr, /is already paused/);
  await ok("cp", "busy:/new", join(folder, "new"));
  assert.equal(await lines(), still, "nothing was said meanwhile");
  assert.equal(await ok("unpause", "busy"), "busy");
  await eventually(lines, (count) => count > still);
  assert.match((await sampan(["unpause", "busy"])).stderr, /is not paused/);

  assert.deepEqual((await ok("diff", "busy")).split("\n"), ["C /etc", "D /etc/group", "A /new"]);
  const stats = JSON.parse(await ok("stats", "--no-stream", "--format", "json", "busy")) as Record<string, string>;
  assert.deepEqual([stats["Name"], /^[\d.]+[KM]iB \/ [\d.]+[GT]iB$/.test(stats["MemUsage"]!), Number(stats["PIDs"]) >= 2], ["busy", true, true], JSON.stringify(stats));
  if (findProgram("ps") !== undefined) {
    assert.match(await ok("top", "busy"), /^UID +PID .*CMD\n(?:.*\n)*.*sleep 1000/);
    assert.match(await ok("top", "busy", "-o", "pid,args"), /^PID +COMMAND\n(?:.*\n)*\d+ +sleep 1000/);
  }
  await ok("export", "-o", join(folder, "files.tar"), "busy");
  const names = execFileSync("tar", ["-tf", join(folder, "files.tar")], { encoding: "utf8" }).split("\n");
  assert.deepEqual([names.includes("new"), names.includes("etc/group"), names.includes("bin/sh")], [true, false, true]);
  await ok("pause", "busy");
  await ok("kill", "busy");
  assert.match(await ok("ps", "-a", "--format", "{{.Status}}"), /^Exited \(137\)/);
});
