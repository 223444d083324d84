import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { findProgram } from "../../src/linux/find-program.ts";
import { isFault } from "../../src/std/fault.ts";
import { noSandbox, SandboxRoot } from "../support/sandbox-root.ts";

const skip = process.geteuid!() !== 0 ? "needs root" : noSandbox;

/** Processes of this machine that have a text in a file of theirs in /proc. */
function processesWith(text: string, file: "cmdline" | "environ" = "cmdline"): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ").includes(text);
    } catch {
      return false;
    }
  });
}

async function goneSoon(text: string, file: "cmdline" | "environ" = "cmdline"): Promise<void> {
  for (let i = 0; i < 200 && processesWith(text, file).length > 0; i += 1) await delay(25);
  assert.deepEqual(processesWith(text, file), []);
}

const mountsOf = (folder: string): string[] => readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((line) => line.includes(folder));

for (const runtime of ["builtin", "runc", "crun"]) {
  const why = skip || (runtime !== "builtin" && findProgram(runtime) === undefined ? `needs ${runtime}` : false);

  test(`an abort ends a ${runtime} container with all its processes, and leaves nothing mounted`, { skip: why }, async () => {
    await using root = await SandboxRoot.create({ runtime });
    const mark = `7${process.pid}${Date.now() % 100000}`;
    const controller = new AbortController();
    const reason = new Error("enough");
    const run = root.run(`sleep ${mark} & sleep ${mark} & echo running; wait`, {}, { signal: controller.signal, onStart: () => void setTimeout(() => controller.abort(reason), 500) });
    await assert.rejects(run, reason);
    await goneSoon(`sleep ${mark}`);
    assert.deepEqual(mountsOf(root.folder), []);
    assert.deepEqual(readdirSync(join(root.folder, "tmp/root")), []);
  });

  test(`nothing of a ${runtime} container outlives a parent that is killed`, { skip: why }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "sampan-killed-"));
    try {
      const mark = `8${process.pid}${Date.now() % 100000}`;
      const script = new URL("../support/sandbox-killed.ts", import.meta.url).pathname;
      const parent = spawn(process.execPath, [script, folder, runtime, `sleep ${mark} & echo running; exec sleep ${mark}`, "app"], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, PATH: `${process.env["PATH"]}:/mark-${mark}` },
      });
      const [first] = await parent.stdout.setEncoding("utf8").take(1).toArray() as string[];
      assert.equal(first, "running\n");
      // Those that wait for a job have the parent's PATH in their environment.
      while (processesWith(`/mark-${mark}`, "environ").length < 4) await delay(20);
      parent.kill("SIGKILL");
      await goneSoon(`sleep ${mark}`);
      await goneSoon(`/mark-${mark}`, "environ");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("a container that somebody else kills as a whole is told as killed, not as a command that ended with 1", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const mark = `6${process.pid}${Date.now() % 100000}`;
  // What waits for it is the parent of the container's process 1.
  const waiting = (pid: number): number => Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
  const result = await root.run(`sleep ${mark}; exit 1`, {}, { onStart: ({ pid }) => void process.kill(waiting(pid), "SIGKILL") });
  assert.deepEqual([result.exitCode, result.signal], [137, "SIGKILL"]);
  assert.equal((await root.run("exit 1")).exitCode, 1);
});

test("a command that listens to SIGTERM may end in its own way", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const controller = new AbortController();
  let output = "";
  await assert.rejects(root.executor.run(root.job("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done"), {
    signal: controller.signal,
    onOutput: (_, data) => {
      output += Buffer.from(data).toString("utf8");
      if (output === "ready\n") controller.abort();
    },
  }));
  assert.equal(output, "ready\nbye\n");
});

test("an abort before or during the start is an abort, not a failure", { skip }, async () => {
  await using root = await SandboxRoot.create();
  await assert.rejects(root.run("true", {}, { signal: AbortSignal.abort(new Error("early")) }), /early/);
  const controller = new AbortController();
  const run = root.run("sleep 100", {}, { signal: controller.signal });
  controller.abort(new Error("soon"));
  await assert.rejects(run, /soon/);
});

test("disposing of the executor ends what still runs", { skip }, async () => {
  const mark = `9${process.pid}${Date.now() % 100000}`;
  const root = await SandboxRoot.create();
  const run = root.executor.run(root.job(["sleep", mark]));
  while (processesWith(`sleep ${mark}`).length === 0) await delay(20);
  await root[Symbol.asyncDispose]();
  assert.equal((await run).exitCode, 137);
  await goneSoon(`sleep ${mark}`);
});

test("many commands side by side are copies of one zygote, each with its own output and status", { skip }, async () => {
  await using root = await SandboxRoot.create();
  root.executor.warm!(2);
  const ran = await Promise.all([...Array(12).keys()].map((index) => root.run(`echo ${index}; cat /proc/self/status | grep SigBlk; exit ${index}`)));
  assert.deepEqual(ran.map(({ exitCode }) => exitCode), [...Array(12).keys()]);
  assert.deepEqual(ran.map(({ stdout }) => stdout), [...Array(12).keys()].map((index) => `${index}\nSigBlk:\t0000000000000000\n`));
});

test("when the zygote is killed its commands end, and further ones start without it", { skip }, async () => {
  const mark = `6${process.pid}${Date.now() % 100000}`;
  const zygotes = (): string[] => processesWith("zygote-entry").filter((pid) => readFileSync(`/proc/${pid}/environ`, "utf8").includes(`/mark-${mark}`));
  const path = process.env["PATH"];
  await using root = await SandboxRoot.create();
  try {
    process.env["PATH"] = `${path}:/mark-${mark}`;
    root.executor.warm!(1, 2);
  } finally {
    process.env["PATH"] = path;
  }
  const run = root.run(["sleep", mark], {}, { onStart: () => void setTimeout(() => zygotes().forEach((pid) => process.kill(Number(pid), "SIGKILL")), 100) });
  assert.equal((await run).exitCode, 137);
  await goneSoon(`sleep ${mark}`);
  assert.equal((await root.run("exit 4")).exitCode, 4);
});

test("a root that cannot be mounted is a fault with a way out, and an unknown runtime too", { skip }, async () => {
  await using root = await SandboxRoot.create();
  await assert.rejects(root.run("true", { root: { kind: "overlay", lowers: ["/no/such/folder"], upper: "/no", work: "/no" } }), (error) => isFault(error, "SANDBOX_FAILED") && /doctor/.test(error.hint!));
  await assert.rejects(root.run("true", { mounts: [{ source: "/no/such/file", target: "/x", readonly: true }] }), (error) => isFault(error, "SANDBOX_FAILED") && /\/no\/such\/file/.test(error.message));
  await assert.rejects(SandboxRoot.create({ runtime: "no-such-runtime" }), (error) => isFault(error, "RUNTIME_UNKNOWN"));
  assert.equal((await root.run("exit 6")).exitCode, 6);
});
