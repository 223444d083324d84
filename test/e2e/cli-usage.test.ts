import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { generatedDocs } from "../../docs/generate.ts";
import { commandAliases } from "../../src/cli/command-names.ts";
import { dispatch } from "../../src/cli/dispatch.ts";
import { processIo } from "../../src/cli/io.ts";
import { commandTable } from "../../src/cli/command-table.ts";
import { runSampan, scratchSampan } from "../support/run-sampan.ts";

const LAUNCHER = new URL("../../bin/sampan.cjs", import.meta.url).pathname;
const packageJson = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

test("version names the version of the package, in docker's forms", async () => {
  const [plain, number, json, short] = await Promise.all([
    runSampan(["version"]), runSampan(["version", "--format", "{{.Client.Version}}"]), runSampan(["version", "-f", "json"]), runSampan(["--version"]),
  ]);
  assert.match(plain.stdout, new RegExp(`^Client: Sampan\\n Version: +${packageJson.version}\\n`));
  assert.equal(number.stdout, `${packageJson.version}\n`);
  assert.equal((JSON.parse(json.stdout) as { Client: { Version: string } }).Client.Version, packageJson.version);
  assert.equal(short.stdout, `sampan version ${packageJson.version}\n`);
  for (const { status, stderr } of [plain, number, json, short]) assert.deepEqual([status, stderr], [0, ""]);
});

test("wrong usage ends with status 2, says what was meant and how it is used", async () => {
  const cases: [string[], RegExp[]][] = [
    [["bild", "."], [/unknown command: sampan bild/, /did you mean `sampan build`\?/]],
    [["image", "lss"], [/unknown command: sampan image lss/, /did you mean/]],
    [["build", "--taag", "x", "."], [/unknown flag: --taag/, /did you mean --tag\?/, /Usage: {2}sampan build \[OPTIONS\] PATH \| URL \| -/]],
    [["build"], [/needs exactly 1 argument, not 0/, /Run 'sampan build --help'/]],
    [["tag", "a"], [/needs exactly 2 arguments, not 1/]],
    [["images", "a", "b"], [/takes 0 to 1 arguments, not 2/]],
    [["version", "x"], [/takes no arguments, not 1/]],
    [["build", "--progress", "fancy", "."], [/invalid argument "fancy"/, /one of auto, tty, plain, quiet, rawjson/]],
    [["build", "--add-host", "x", "."], [/--add-host/, /HOST:IP/]],
    [["build", "-o", "type=odd", "."], [/unknown output type "odd"/, /store, registry, oci/]],
    [["login", "--password-stdin", "host.invalid"], [/Must provide --username with --password-stdin/]],
  ];
  await Promise.all(cases.map(async ([words, messages]) => {
    const { status, stdout, stderr } = await runSampan(words);
    assert.equal(status, 2, words.join(" ") + stderr);
    assert.equal(stdout, "");
    for (const message of messages) assert.match(stderr, message);
  }));
});

test("a command whose folder has been removed says so, where it needs to know the folder", async (context) => {
  const { folder, root } = scratchSampan(context);
  const gone = join(folder, "gone");
  for (const [words, expected] of [[["build", "."], 1], [["bake", "--print"], 1], [["images"], 0]] as const) {
    mkdirSync(gone);
    const { status, stderr } = spawnSync("sh", ["-c", 'cd "$0" && rmdir "$0" && exec "$@"', gone, process.execPath, LAUNCHER, ...words], { encoding: "utf8", env: { ...process.env, SAMPAN_ROOT: root } });
    assert.equal(status, expected, stderr);
    if (expected === 0) assert.doesNotMatch(stderr, /ERROR/);
    else assert.match(stderr, /^ERROR: the folder that this command was started in is no longer there$/m);
  }
});

test("what belongs to a later version is refused by name", async () => {
  const cases: [string[], RegExp, number][] = [
    [["build", "--allow", "device", "."], /--allow device is not/, 1],
    [["build", "--cache-to=type=gha", "."], /a cache of type gha is not/, 1],
    [["build", "--sbom", "generator=x", "."], /generator= of --sbom is not/, 1],
    [["run", "--privileged", "x"], /the flag --privileged is not/, 125],
    [["run", "--device", "x", "x"], /the flag --device is not/, 125],
    [["container", "commit", "x"], /the command `sampan container commit` is not/, 1],
    [["buildx", "ls"], /the command `sampan buildx ls` is not/, 1],
  ];
  await Promise.all(cases.map(async ([words, message, expected]) => {
    const { status, stderr } = await runSampan(words);
    assert.equal(status, expected, words.join(" "));
    assert.match(stderr, message);
  }));
});

/** In this process: a hundred starts of the binary would show nothing more. */
async function dispatched(words: readonly string[]): Promise<{ status: number; stdout: string }> {
  let stdout = "";
  const io = processIo();
  const status = await dispatch(words, { ...io, stdout: Object.assign(Object.create(io.stdout) as typeof io.stdout, { write: (text: string) => ((stdout += text), true) }) }, new AbortController().signal);
  return { status, stdout };
}

test("every command has a help with its usage, by --help and by `help`", async () => {
  for (const name of Object.keys(commandTable)) {
    const flag = await dispatched([...name.split(" "), "--help"]);
    assert.equal(flag.status, 0);
    assert.ok(flag.stdout.startsWith(`Usage:  sampan ${name}`), flag.stdout);
    assert.equal((await dispatched(["help", ...name.split(" ")])).stdout, flag.stdout);
  }
  assert.equal((await runSampan(["build", "--help"])).stdout, (await runSampan(["help", "build"])).stdout);
});

test("the overview lists every command, with the line of the command's own file", async () => {
  const { status, stdout } = await runSampan([]);
  assert.equal(status, 0);
  for (const [name, { summary, load }] of Object.entries(commandTable)) {
    assert.equal((await load()).summary, summary);
    assert.equal((await load()).name, name);
    assert.match(stdout, new RegExp(`^ {2}${name} +${summary}$`, "m"));
  }
});

test("docker's other spellings lead to commands, and a group alone shows what it holds", async () => {
  for (const name of Object.values(commandAliases)) assert.ok(name in commandTable, name);
  const [alias, group] = await Promise.all([runSampan(["image", "ls", "--help"]), runSampan(["image"])]);
  assert.match(alias.stdout, /^Usage: {2}sampan images /);
  assert.match(group.stdout, /image rm +Remove images \(sampan rmi\)/);
});

test("a --help behind the image belongs to the container", async (context) => {
  const { stdout } = await scratchSampan(context).sampan(["run", "--pull", "never", "no-such-image-here", "--help"]);
  assert.equal(stdout, "");
});

test("every flag has a help, short letters are single and unique, and defaults are choices", async () => {
  for (const [name, { load }] of Object.entries(commandTable)) {
    const { flags } = await load();
    const letters = Object.values(flags).flatMap(({ short }) => short ?? []);
    assert.equal(new Set(letters).size, letters.length, `${name}: a letter stands twice`);
    for (const [flagName, flag] of Object.entries(flags)) {
      assert.ok(flag.refused !== undefined || flag.help !== "", `${name} --${flagName} has no help`);
      assert.ok(flag.short === undefined || flag.short.length === 1);
      assert.ok(flag.choices === undefined || flag.default === undefined || flag.choices.includes(flag.default));
    }
  }
});

test("the generated pages in docs are up to date (npm run docs)", async () => {
  for (const [name, text] of Object.entries(await generatedDocs())) {
    assert.ok(readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8") === text, `docs/${name} is out of date`);
  }
});

test("an unexpected error says so, and shows the place with SAMPAN_DEBUG=1", async () => {
  const env = { SAMPAN_ROOT: "/dev/null/store" };
  const [plain, debug] = await Promise.all([runSampan(["images"], { env }), runSampan(["images"], { env: { ...env, SAMPAN_DEBUG: "1" } })]);
  assert.equal(plain.status, 1);
  assert.match(plain.stderr, /^ERROR: /);
  assert.doesNotMatch(plain.stderr, /\n {4}at /);
  assert.match(debug.stderr, /\n {4}at /);
});
