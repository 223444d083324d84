import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox, type BaseConfig } from "../support/busybox-base.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { noDockerd, startDockerd } from "../support/dockerd.ts";
import { noContainers, sampanWithBase } from "../support/sampan-base.ts";

const noSkopeo = existsSync("/usr/bin/skopeo") ? false : "needs skopeo";

const names = ["base:1", "registry.test/team/base:2"];
const withBase = (context: TestContext, config: BaseConfig = {}) => sampanWithBase(context, { names, config });

test("images lists names in docker's columns, as ids, by template and as JSON", { skip: noBusybox }, async (context) => {
  const { sampan, short, id } = await withBase(context);
  const [table, quiet, long, template, headed, json] = await Promise.all([
    sampan(["images"]), sampan(["images", "-q"]), sampan(["images", "-q", "--no-trunc"]),
    sampan(["images", "--format", "{{.Repository}}:{{.Tag}}"]), sampan(["images", "--format", "table {{.Tag}}\\t{{lower .Repository}}"]),
    sampan(["images", "--format", "json", "base"]),
  ]);
  const lines = table.stdout.split("\n");
  assert.match(lines[0]!, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
  assert.match(lines[1]!, new RegExp(`^base +1 +${short} +\\d+ \\w+ ago +[\\d.]+MB$`));
  assert.match(lines[2]!, new RegExp(`^registry\\.test/team/base +2 +${short} `));
  assert.equal(lines[0]!.indexOf("TAG"), lines[1]!.indexOf("1"));
  assert.equal(quiet.stdout, `${short}\n${short}\n`);
  assert.equal(long.stdout, `${id}\n${id}\n`);
  assert.equal(template.stdout, "base:1\nregistry.test/team/base:2\n");
  assert.equal(headed.stdout, "TAG       REPOSITORY\n1         base\n2         registry.test/team/base\n");
  const row = JSON.parse(json.stdout) as Record<string, string>;
  assert.deepEqual([row["ID"], row["Repository"], row["Tag"], row["Digest"], row["Containers"]], [short, "base", "1", "<none>", "N/A"]);
});

test("images are filtered by name, label, age and whether they have a name", { skip: noBusybox }, async (context) => {
  const { sampan, short, id } = await withBase(context, { Labels: { role: "base", empty: "" } });
  const ids = async (...words: string[]): Promise<string> => (await sampan(["images", "-q", ...words])).stdout;
  const both = `${short}\n${short}\n`;
  const cases: [string[], string][] = [
    [["base"], `${short}\n`], [["base:1"], `${short}\n`], [["base:9"], ""], [["registry.test/*/*"], `${short}\n`], [["reg*"], ""],
    [["-f", "reference=base", "-f", "reference=*/*/base"], both],
    [["-f", "label=role"], both], [["-f", "label=role=base"], both], [["-f", "label=role=other"], ""], [["-f", "label=role", "-f", "label=none"], ""],
    [["-f", "dangling=true"], ""], [["-f", "dangling=false"], both],
    [["-f", "until=2020-01-01"], ""], [["-f", "until=1s"], both], [["-f", `before=${id}`], ""], [["-f", "since=base:1"], ""],
  ];
  await Promise.all(cases.map(async ([words, expected]) => assert.equal(await ids(...words), expected, words.join(" "))));
  const wrong = await sampan(["images", "-f", "lable=x"]);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /did you mean label\?/);
});

test("inspect prints docker's JSON, and templates read all of it", { skip: noBusybox }, async (context) => {
  const { sampan, id } = await withBase(context, { Env: ["PATH=/bin", "A=1"], Entrypoint: ["/bin/echo"], Labels: { "a.b": "c" } });
  const [json, template, missing] = await Promise.all([
    sampan(["inspect", "base:1"]),
    sampan(["image", "inspect", "-f", "{{.Id}} {{.Config.Env}} {{json .Config.Entrypoint}} {{index .Config.Labels \"a.b\"}} {{.Config.ExposedPorts}} {{.Os}}", "base:1"]),
    sampan(["inspect", "-f", "{{.Id}}", "nowhere:1", "base:1"]),
  ]);
  const [image] = JSON.parse(json.stdout) as Record<string, unknown>[];
  assert.equal(image!["Id"], id);
  assert.deepEqual(image!["RepoTags"], ["base:1", "registry.test/team/base:2"]);
  const config = image!["Config"] as Record<string, unknown>;
  assert.deepEqual([config["Env"], config["Entrypoint"], config["Volumes"], "ExposedPorts" in config], [["PATH=/bin", "A=1"], ["/bin/echo"], null, false]);
  assert.equal((image!["RootFS"] as { Layers: string[] }).Layers.length, 1);
  assert.ok((image!["Size"] as number) > 100_000);
  assert.equal(template.stdout, `${id} [PATH=/bin A=1] ["/bin/echo"] c map[] linux\n`);
  assert.deepEqual([missing.status, missing.stdout], [1, `${id}\n`]);
  assert.match(missing.stderr, /No such object: nowhere:1/);
});

test("history shows each step with its size, whole where asked for", { skip: noBusybox }, async (context) => {
  const { sampan, short, id } = await withBase(context);
  const [table, bytes, quiet] = await Promise.all([
    sampan(["history", "base:1"]), sampan(["history", "--human=false", "--format", "{{.CreatedAt}} {{.Size}}", "base:1"]), sampan(["history", "-q", "--no-trunc", "base:1"]),
  ]);
  assert.match(table.stdout, new RegExp(`^IMAGE +CREATED +CREATED BY +SIZE +COMMENT\\n${short} +\\d+ \\w+ ago +busybox for tests +[\\d.]+MB`));
  assert.match(bytes.stdout, /^2026-01-01T00:00:00Z \d{6,}\n$/);
  assert.equal(quiet.stdout, `${id}\n`);
});

test("rmi takes a name away, then the image with its last name, and refuses an id with several names", { skip: noBusybox }, async (context) => {
  const { sampan, short, id, root } = await withBase(context);
  const conflict = await sampan(["rmi", short]);
  assert.equal(conflict.status, 1);
  assert.match(conflict.stderr, /conflict: unable to delete .*several names[^]*base:1, registry\.test\/team\/base:2/);
  assert.equal((await sampan(["rmi", "base:1"])).stdout, "Untagged: base:1\n");
  const partly = await sampan(["rmi", "nowhere:1", "registry.test/team/base:2"]);
  assert.equal(partly.status, 1);
  assert.equal(partly.stdout, `Untagged: registry.test/team/base:2\nDeleted: ${id}\n`);
  assert.equal((await sampan(["images", "-q"])).stdout, "");
  assert.deepEqual(readdirSync(join(root, "blobs", "sha256")), [], "the blobs are gone from the disk");
  assert.deepEqual((await sampan(["rmi", "-f", "nowhere:1"])).status, 0);
});

test("rmi -f removes an image by its id with all names", { skip: noBusybox }, async (context) => {
  const { sampan, short, id } = await withBase(context);
  assert.equal((await sampan(["rmi", "-f", short])).stdout, `Untagged: base:1\nUntagged: registry.test/team/base:2\nDeleted: ${id}\n`);
});

test("an image that was saved is loaded again with its names, from a file and from standard input", { skip: noBusybox }, async (context) => {
  const { sampan, id, folder } = await withBase(context);
  const file = join(folder, "saved.tar");
  assert.equal((await sampan(["save", "-o", "saved.tar", "base:1", "registry.test/team/base:2"], { cwd: folder })).status, 0);
  await sampan(["rmi", "-f", id]);
  assert.equal((await sampan(["load", "-i", file])).stdout, "Loaded image: base:1\nLoaded image: registry.test/team/base:2\n");
  await sampan(["rmi", "-f", id]);
  const piped = await sampan(["load"], { input: readFileSync(file) });
  assert.equal(piped.stdout, "Loaded image: base:1\nLoaded image: registry.test/team/base:2\n", piped.stderr);
  assert.equal((await sampan(["inspect", "-f", "{{.Id}}", "base:1"])).stdout, `${id}\n`);
});

test("a name without a tag saves all tags of the repository, and empty words of variables without a value are none", { skip: noBusybox }, async (context) => {
  const { sampan, folder } = await withBase(context);
  await sampan(["tag", "base:1", "base:other"]);
  const read = (words: string[], options = {}): Promise<string> => sampan(words, { cwd: folder, ...options }).then(({ status, stdout, stderr }) => (assert.equal(status, 0, stderr), stdout));
  await read(["save", "-o", "all.tar", "base"]);
  assert.equal(await read(["load", "-i", "all.tar"]), "Loaded image: base:1\nLoaded image: base:other\n");
  const piped = execFileSync(process.execPath, [new URL("../../bin/sampan.cjs", import.meta.url).pathname, "save", "-o", "", "base:1"], { cwd: folder, env: { ...process.env, SAMPAN_ROOT: join(folder, "store") }, maxBuffer: 1 << 26 });
  assert.equal(await read(["load", "-i", ""], { input: piped }), "Loaded image: base:1\n");
  assert.equal(await read(["images", "", "--format", ""]), await read(["images"]));
  assert.equal(await read(["inspect", "-f", "", "base:1"]), await read(["inspect", "base:1"]));
  const cases: [string[], number, RegExp][] = [
    [["save", "-o", ".", "base:1"], 2, /^ERROR: \. is a folder\nhint: name a file: -o image\.tar\n/],
    [["inspect", ""], 1, /No such object: \nhint: the name is empty: does a variable have no value\?/],
    [["load", "-i", "all.tar", "--platform", "linux/s390x"], 1, /all\.tar has no image for linux\/s390x, only for linux\//],
    [["import", "all.tar", "UPPER"], 1, /invalid reference "UPPER": the repository name must be lower case/],
    [["import", ""], 2, /the name of the archive is empty/],
    [["import", "-", "x:1"], 1, /^ERROR: standard input cannot be unpacked: there is nothing in it\n/],
    [["image", "cp", "base:1:/etc/passwd", "base:other:/etc"], 2, /nothing can be copied into one\nhint: a folder of that name is written \.\/base/],
  ];
  for (const [words, status, message] of cases) {
    const ended = await sampan(words, { cwd: folder });
    assert.equal(ended.status, status, words.join(" "));
    assert.match(ended.stderr, message);
  }
});

test("skopeo reads what save wrote, as a Docker archive and as an OCI archive", { skip: noBusybox || noSkopeo }, async (context) => {
  const { sampan, id, folder } = await withBase(context);
  await sampan(["save", "-o", join(folder, "saved.tar"), "base:1"]);
  for (const form of ["docker-archive", "oci-archive"]) {
    const config = execFileSync("skopeo", ["inspect", "--raw", "--config", `${form}:${join(folder, "saved.tar")}`]);
    assert.deepEqual(JSON.parse(config.toString()), JSON.parse((await rawConfig(folder, id)).toString()), form);
  }
});

async function rawConfig(folder: string, id: string): Promise<Buffer> {
  return readFileSync(join(folder, "store", "blobs", "sha256", id.slice(7)));
}

test("docker shows the same lines for the same image", { skip: noBusybox || noContainers || noDockerd }, async (context) => {
  const { sampan, folder } = await withBase(context);
  const dockerfile = "FROM base:1\nENV A=1 B=\"x y\"\nEXPOSE 80 53/udp\nVOLUME /data\nWORKDIR /w\nRUN echo a very long command line that is longer than forty five characters > /x\nENTRYPOINT [\"/bin/echo\"]\n";
  assert.equal((await sampan(["build", "-q", "-t", "app:1", "-t", "registry.test/team/app:2", "-"], { input: dockerfile })).status, 0);
  await sampan(["save", "-o", join(folder, "app.tar"), "app:1", "registry.test/team/app:2"]);
  const docker = await startDockerd(context);
  assert.equal(docker("load", "-i", join(folder, "app.tar")).stdout, "Loaded image: app:1\nLoaded image: registry.test/team/app:2\n");
  const commands = [
    ["images", "app"], ["images", "--digests", "app"], ["images", "-q", "app"], ["images", "--format", "table {{.ID}}\\t{{lower .Repository}}", "app"],
    ["images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}} {{.VirtualSize}} {{.CreatedAt}}", "registry.test/*/app"],
    ["history", "app:1"], ["history", "--no-trunc", "app:1"], ["history", "-q", "app:1"], ["history", "--human=false", "app:1"],
    ["inspect", "-f", "{{.Id}} {{.RepoTags}} {{.Config.Env}} {{json .Config.ExposedPorts}} {{json .Config.Volumes}} {{.Config.WorkingDir}} {{json .Config.Entrypoint}} {{.RootFS.Layers}}", "app:1"],
    ["rmi", "app:1"],
  ];
  for (const words of commands) {
    // What is a moment ago by one may be a second more ago by the other, which may make the column wider.
    const of = (text: string): string => text.replace(/(?:Less than a second|\d+ seconds?|About a minute) ago +/g, "now ").replace(/CREATED +/, "CREATED ");
    assert.equal(of((await sampan(words)).stdout), of(docker(...words).stdout), words.join(" "));
  }
});

test("load says what is wrong with what is no archive, and keeps nothing", async (context) => {
  const { sampan, folder } = scratchSampan(context);
  const broken = await sampan(["load"], { input: "this is no archive" });
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /^ERROR: [^]*hint: /);
  const missing = await sampan(["load", "-i", "/nonexistent/archive.tar"]);
  assert.match(missing.stderr, /ERROR: \/nonexistent\/archive\.tar: no such file or directory/);
  const place = await sampan(["load", "-i", folder]);
  assert.deepEqual([place.status, place.stderr], [1, `ERROR: ${folder}: it is a directory\n`]);
  assert.equal((await sampan(["images", "-q"])).stdout, "");
});

test("a reader that goes away ends the listing quietly", async (context) => {
  const { root } = scratchSampan(context);
  const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;
  const script = `${process.execPath} ${launcher} help | true; echo \${PIPESTATUS[0]}`;
  const output = execFileSync("bash", ["-c", `for i in 1 2 3; do ${script}; done 2>&1`], { env: { ...process.env, SAMPAN_ROOT: root } }).toString();
  assert.match(output, /^(?:(?:0|141)\n){3}$/);
});
