import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { assertFault } from "../support/check-fault.ts";
import { scratchSampan } from "../support/run-sampan.ts";

const skip = process.getuid!() === 0 ? false : "needs root";
const DOCKERFILE = "FROM scratch\nENV a b\nCOPY x /\n";

function project(context: TestContext, dockerfile: string) {
  const own = scratchSampan(context);
  const folder = join(own.folder, "context");
  mkdirSync(folder);
  writeFileSync(join(folder, "Dockerfile"), dockerfile);
  writeFileSync(join(folder, "x"), "x\n");
  return { ...own, folder };
}

test("--check shows what it finds on standard output, with exit status 1, and stores nothing", { skip }, async (context) => {
  const { sampan, folder } = project(context, DOCKERFILE);
  const metadata = join(folder, "..", "metadata.json");
  const { status, stdout, stderr } = await sampan(["build", "--check", "--metadata-file", metadata, folder]);
  const written = JSON.parse(readFileSync(metadata, "utf8")) as Record<string, unknown>;
  assert.deepEqual([Object.keys(written), written["result.statuscode"]], [["result.json", "result.statuscode", "result.txt", "version"], "1"]);
  assert.match(String(written["result.txt"]), /^\nWARNING: LegacyKeyValueFormat/);
  assert.equal(status, 1);
  assert.equal(stderr, "");
  assert.match(stdout, /^Check complete, 1 warning has been found!\n\nWARNING: LegacyKeyValueFormat - https:\/\//);
  assert.match(stdout, / {3}2 \| >>> ENV a b\n/);
  // Names are those that lead there from where the command is run.
  for (const [words, cwd, name] of [[["context"], "..", "context/Dockerfile"], [["."], ".", "Dockerfile"], [["-f", "./Dockerfile", "."], ".", "./Dockerfile"], [["-f", "-", "."], ".", "stdin"]] as const) {
    const { stdout: told } = await sampan(["build", "--check", ...words], { cwd: join(folder, cwd), input: DOCKERFILE });
    assert.ok(told.includes(`\n${name}:2\n`), told);
    writeFileSync(join(folder, "Dockerfile"), `${DOCKERFILE}ODD\n`);
    const { stderr: error } = await sampan(["build", "--check", ...words], { cwd: join(folder, cwd), input: `${DOCKERFILE}ODD\n` });
    assert.ok(error.includes(`\n${name}:${DOCKERFILE.split("\n").length}\n`), error);
    writeFileSync(join(folder, "Dockerfile"), DOCKERFILE);
  }
  assert.equal((await sampan(["build", "--call", "check,ignorestatus=true", folder])).status, 0);
  assert.equal((await sampan(["images", "-qa"])).stdout, "");
});

test("a build lists the warnings at its end, in rawjson and in the metadata file", { skip }, async (context) => {
  const { sampan, folder } = project(context, DOCKERFILE);
  const metadata = join(folder, "metadata.json");
  const { status, stderr } = await sampan(["build", "--progress", "plain", "--metadata-file", metadata, folder], { env: { BUILDX_METADATA_WARNINGS: "1" } });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /#\d+ WARN: LegacyKeyValueFormat: .* \(line 2\)\n/);
  assert.match(stderr, /\n1 warning found \(--check shows the places\):\n - LegacyKeyValueFormat: "ENV key=value" should be used .* \(line 2\)\n/);
  const [warning] = (JSON.parse(readFileSync(metadata, "utf8")) as { "buildx.build.warnings": Record<string, unknown>[] })["buildx.build.warnings"];
  assert.deepEqual(warning!["range"], [{ start: { line: 2 }, end: { line: 2 } }]);
  const raw = await sampan(["build", "--progress", "rawjson", folder]);
  const told = raw.stderr.split("\n").filter((line) => line.includes('"warnings"')).map((line) => (JSON.parse(line) as { warnings: unknown[] }).warnings[0]);
  assert.deepEqual(told, [warning]);
});

test("error=true ends a build before anything runs; settings that make no sense are refused", { skip }, async (context) => {
  const { sampan, folder } = project(context, `# check=error=true\n${DOCKERFILE}`);
  assertFault(await sampan(["build", folder]), { message: /lint violation found for rules: LegacyKeyValueFormat/ });
  assert.equal((await sampan(["build", "--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=all", folder])).status, 0);
  assertFault(await sampan(["build", "--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skp=all", folder]), { message: /invalid check option "skp"/ });
});

test("--call refuses what it does not know", async (context) => {
  const { sampan } = scratchSampan(context);
  for (const [call, message] of [["chek", /did you mean check/], ["check,format=xml", /neither json nor text/], ["check,targets", /one method/]] as const) {
    assertFault(await sampan(["build", "--call", call, "."]), { status: 2, message });
  }
});
