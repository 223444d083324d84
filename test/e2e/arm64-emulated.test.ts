import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram } from "../../src/linux/find-program.ts";
import type { Finished } from "../support/run-sampan.ts";
import { serveRegistry } from "../support/serve-registry.ts";
import { temporaryFolder } from "../support/temporary-store.ts";

/** A Node of arm64, koffi's binary for it, and the libraries of Debian that both want (.ci/run). */
const machine = "/var/cache/sampan-tests/arm64";
const emulator = findProgram("qemu-aarch64-static");
const missing = ["node", "node_modules/@koromix", "root/lib/ld-linux-aarch64.so.1"].map((name) => join(machine, name)).filter((path) => !existsSync(path));
const skip = emulator === undefined ? "needs qemu-aarch64-static (Debian's qemu-user-static)" : missing.length > 0 && `an arm64 Node to emulate is missing: ${missing.join(", ")}`;

const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;

/** The real binary as an arm64 machine runs it. Its kernel calls are this machine's, translated; namespaces are not. */
function sampan(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(emulator!, ["-L", join(machine, "root"), join(machine, "node"), launcher, ...words], { env: { ...process.env, NODE_PATH: join(machine, "node_modules"), ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => { stdout += text; });
    child.stderr.setEncoding("utf8").on("data", (text: string) => { stderr += text; });
    child.on("error", reject).on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

test("an image goes its way on arm64: built, pushed, and pulled by another store", { skip }, async (context) => {
  const folder = temporaryFolder(context);
  const host = await serveRegistry(context);
  const env = { SAMPAN_ROOT: join(folder, "store"), DOCKER_CONFIG: join(folder, "docker"), NO_COLOR: "1" };
  const done = async (words: readonly string[], root = "store"): Promise<string> => {
    const { status, stdout, stderr } = await sampan(words, { ...env, SAMPAN_ROOT: join(folder, root) });
    assert.equal(status, 0, `${words.join(" ")}\n${stdout}${stderr}`);
    return stdout;
  };
  assert.match(await done(["version"]), /OS\/Arch: +linux\/arm64/);
  const rows = (await sampan(["doctor", "--format", "json"], env)).stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as { name: string; ok: boolean });
  for (const name of ["koffi", "seccomp"]) assert.equal(rows.find((row) => row.name === name)?.ok, true, name);

  mkdirSync(join(folder, "context"));
  writeFileSync(join(folder, "context/file"), "from arm64\n", { mode: 0o640 });
  writeFileSync(join(folder, "context/Dockerfile"), "FROM scratch\nARG TARGETPLATFORM\nLABEL platform=$TARGETPLATFORM\nCOPY --chown=3:4 file /a/\nCOPY --link file /b/\n");
  const name = `${host}/team/app:1`;
  await done(["build", "-t", name, join(folder, "context")]);
  await done(["push", name]);
  await done(["pull", name], "other");
  const [image] = JSON.parse(await done(["inspect", name], "other")) as [{ Architecture: string; Config: { Labels: Record<string, string> } }];
  assert.deepEqual([image.Architecture, image.Config.Labels], ["arm64", { platform: "linux/arm64" }]);
});
