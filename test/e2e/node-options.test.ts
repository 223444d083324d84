import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram } from "../../src/linux/find-program.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { withContainers } from "../support/containers.ts";
import { freePort } from "../support/free-port.ts";
import { noContainers } from "../support/sampan-base.ts";

const noPorts = findProgram("pasta") === undefined ? "needs pasta (Debian's passt)" : !existsSync("/dev/net/tun") && "needs /dev/net/tun";

test("options that somebody has for Node are for the program, and not for those that it starts elsewhere", { skip: noBusybox || noContainers || noPorts }, async (context) => {
  const { folder, ok, sampan } = await withContainers(context);
  writeFileSync(join(folder, "loaded.cjs"), "");
  // Busybox's programs are found first, so a Node stands in for util-linux.
  mkdirSync(join(folder, "bin"));
  for (const [name, target] of [["busybox", "/bin/busybox"], ["setpriv", "busybox"]] as const) symlinkSync(target, join(folder, "bin", name));
  const env = { NODE_OPTIONS: "--require ./loaded.cjs", PATH: `${join(folder, "bin")}:${process.env["PATH"]}` };
  for (const words of [
    ["run", "--rm", "-p", `127.0.0.1:${await freePort()}:80`, "base:1", "true"],
    ["run", "-d", "--name", "box", "base:1", "sleep", "600"],
    ["exec", "box", "sh", "-c", "echo given >/made"],
    ["cp", "box:/made", "got"],
  ]) {
    const { status, stderr } = await sampan(words, { cwd: folder, env });
    assert.deepEqual({ words, status, stderr }, { words, status: 0, stderr: "" });
  }
  assert.equal(readFileSync(join(folder, "got"), "utf8"), "given\n");
  await ok("rm", "-f", "box");
});
