import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../support/find-program.ts";
import { bakeCases } from "./cases.ts";

/** Records what buildx prints of the cases: `BUILDX=/path/to/buildx node test/bake/record.ts [NAME…]`, with an SSH agent running. */
const buildx = process.env["BUILDX"] ?? findProgram("buildx");
if (buildx === undefined) throw new Error("buildx is not installed, and BUILDX is not set");
const wanted = process.argv.slice(2);
for (const { name, folder, args, env } of bakeCases().filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const { status, stdout, stderr } = spawnSync(buildx, ["bake", "--print", ...args], { cwd: folder, env: { PATH: process.env["PATH"]!, HOME: "/nonexistent", ...(process.env["SSH_AUTH_SOCK"] ? { SSH_AUTH_SOCK: process.env["SSH_AUTH_SOCK"] } : {}), ...env }, encoding: "utf8" });
  for (const file of ["print.json", "error.txt"]) rmSync(join(folder, file), { force: true });
  if (status === 0) writeFileSync(join(folder, "print.json"), stdout);
  else writeFileSync(join(folder, "error.txt"), `${stderr.split("\n").findLast((line) => line.startsWith("ERROR: "))?.slice(7) ?? stderr}\n`);
  process.stdout.write(`${name}: ${status === 0 ? "printed" : stderr.split("\n").findLast((line) => line.startsWith("ERROR: "))}\n`);
}
