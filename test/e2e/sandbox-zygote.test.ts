import assert from "node:assert/strict";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { Sandbox } from "../../src/exec/sandbox.ts";
import { descendantsOf, until } from "../support/process-tree.ts";
import { noSandbox, SandboxRoot } from "../support/sandbox-root.ts";

const skip = process.getuid!() === 0 ? noSandbox : "needs root";
/** Of this process, and not of another test's. */
const zygotes = (): number[] => descendantsOf(process.pid).filter(({ command }) => /^\S*node .*zygote/.test(command)).map(({ pid }) => pid);

test("commands whose copies do not come up run in sandboxes that are started by themselves, and no further copies are asked for", { skip }, async () => {
  await using root = await SandboxRoot.create({ zygote: { patience: 2000, entry: new URL("../support/mute-zygote.ts", import.meta.url).pathname } });
  root.executor.warm!(1, 4);
  const copies = await until(() => zygotes().length === 2 && zygotes());
  const ran = await Promise.all([1, 2, 3, 4].map((status) => root.run(`exit ${status}`)));
  assert.deepEqual(ran.map(({ exitCode }) => exitCode), [1, 2, 3, 4]);
  assert.deepEqual(zygotes(), copies, "the zygote, and the one copy that was waited for");
});

test("a zygote that answers no more is passed over, and what runs in its copies goes on", { skip }, async () => {
  await using root = await SandboxRoot.create({ zygote: { patience: 2000 } });
  root.executor.warm!(1, 3);
  let stopped: number[] = [];
  const onStart = (): void => {
    // The command is the last of them; what it is a copy of is stopped.
    stopped = zygotes().slice(0, 1);
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
  };
  const first = root.run("sleep 1; echo goes on", {}, { onStart });
  await until(() => stopped.length > 0);
  const others = await Promise.all([5, 6].map((status) => root.run(`exit ${status}`)));
  assert.deepEqual(others.map(({ exitCode }) => exitCode), [5, 6]);
  for (const pid of stopped) process.kill(pid, "SIGCONT");
  assert.equal((await first).stdout, "goes on\n");
});

test("a sandbox that has ended before this process looked at it is no failure of this process", { skip }, async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const channel = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const child = await accepted;
  const ends = Promise.withResolvers<number>();
  const sandbox = new Sandbox(
    { channel, onEnd: (listener) => void ends.promise.then((exitCode) => listener(exitCode)), giveUp: () => undefined, hold: () => undefined },
    { stdin: undefined, stdout: channel, stderr: channel },
  );
  // No process has this number.
  child.end(`${JSON.stringify({ kind: "ready", pid: 2 ** 22 + 1 })}\n`);
  await new Promise((resolve) => channel.once("close", resolve));
  ends.resolve(137);
  await assert.rejects(sandbox.ready, { code: "SANDBOX_FAILED" });
  server.close();
});
