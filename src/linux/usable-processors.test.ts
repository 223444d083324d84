import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { usableProcessors } from "./usable-processors.ts";

test("processors are counted that the process may run on", { skip: spawnSync("taskset", ["--version"]).status === 0 ? false : "needs taskset" }, () => {
  assert.ok(usableProcessors() >= 1 && usableProcessors() <= cpus().length);
  const code = `import("${join(import.meta.dirname, "usable-processors.ts")}").then(({ usableProcessors }) => console.log(usableProcessors()))`;
  const [first] = /\d+/.exec(spawnSync("taskset", ["-pc", String(process.pid)], { encoding: "utf8" }).stdout.split(":")[1]!)!;
  assert.equal(spawnSync("taskset", ["-c", first, process.execPath, "-e", code], { encoding: "utf8" }).stdout, "1\n");
});
