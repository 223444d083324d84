import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { startJourney, type Journey } from "../support/journey.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const DATABASE = "/var/lib/dpkg/status";
const noDpkg = existsSync(DATABASE) ? false : "needs dpkg-query";
const SITE = "usr/local/lib/python3.11/site-packages";

interface SpdxPackage {
  readonly name: string;
  readonly versionInfo?: string;
  readonly primaryPackagePurpose?: string;
  readonly externalRefs?: readonly { readonly referenceLocator: string }[];
}

const packagesOf = (json: string): readonly SpdxPackage[] => (JSON.parse(json) as { packages: readonly SpdxPackage[] }).packages;
const purlsOf = (json: string): string[] => packagesOf(json).filter(({ primaryPackagePurpose }) => primaryPackagePurpose === undefined).flatMap(({ externalRefs }) => externalRefs!.map(({ referenceLocator }) => referenceLocator));

/** An image of Debian's packages as this machine has them, with packages of languages beside. */
async function debianImage(test: TestContext): Promise<Journey & { readonly context: Journey["context"] }> {
  const journey = await startJourney(test);
  const folder = journey.context("debian", {
    Dockerfile: "FROM base:1\nCOPY rootfs /\nRUN rm /srv/node_modules/gone/package.json\n",
    [`rootfs/${SITE}/flask-3.0.3.dist-info/METADATA`]: "Metadata-Version: 2.1\nName: Flask\nVersion: 3.0.3\nLicense: BSD-3-Clause\n",
    "rootfs/srv/node_modules/@scope/left/package.json": '{"name":"@scope/left","version":"1.0.0","license":"MIT"}',
    "rootfs/srv/node_modules/gone/package.json": '{"name":"gone","version":"1.0.0"}',
    "rootfs/srv/node_modules/damaged/package.json": "{",
  });
  for (const path of [DATABASE, "/etc/os-release"]) {
    mkdirSync(dirname(join(folder, "rootfs", path)), { recursive: true });
    copyFileSync(path, join(folder, "rootfs", path));
  }
  await journey.succeeds(["build", "-t", "app:1", folder]);
  return journey;
}

test("the packages of an image are those that dpkg-query lists, and those of languages that the image shows", { skip: noBusybox || noDpkg }, async (context) => {
  const { sampan } = await debianImage(context);
  const { status, stdout, stderr } = await sampan(["sbom", "app:1"]);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "WARNING: /srv/node_modules/damaged/package.json: it is no JSON\n");
  const rows = stdout.trimEnd().split("\n").map((line) => line.trim().split(/ {2,}/));
  assert.deepEqual(rows[0], ["NAME", "VERSION", "TYPE"]);
  const judge = execFileSync("dpkg-query", ["-W", "-f", "${db:Status-Status} ${Package} ${Version}\n"], { encoding: "utf8" });
  const installed = judge.split("\n").filter((line) => line.startsWith("installed ")).map((line) => line.slice("installed ".length));
  // Two architectures of one package are two packages.
  assert.deepEqual(rows.filter(([, , type]) => type === "deb").map(([name, version]) => `${name} ${version}`).sort(), installed.sort());
  assert.ok(installed.length > 50);
  assert.deepEqual(rows.slice(1).filter(([, , type]) => type !== "deb"), [["@scope/left", "1.0.0", "npm"], ["Flask", "3.0.3", "pypi"]]);
});

test("documents of the same image are the same bytes, wherever it lies, but for its name", { skip: noBusybox || noDpkg }, async (context) => {
  const { folder, sampan, succeeds } = await debianImage(context);
  const address = await serveRegistry(context);
  const env = { SOURCE_DATE_EPOCH: "1700000000" };
  await succeeds(["save", "-o", join(folder, "app.tar"), "app:1"]);
  await succeeds(["copy", "store:app:1", `oci:${folder}/packed:app`]);
  await succeeds(["copy", "store:app:1", `${address}/team/app:1`]);
  const places = ["app:1", "store:app:1", `oci:${folder}/packed`, join(folder, "packed"), `docker-archive:${folder}/app.tar`, `docker://${address}/team/app:1`, `${address}/team/app:1`];
  const documents = await Promise.all(places.map((place) => succeeds(["sbom", "--format", "spdx-json", place], { env })));
  for (const document of documents) assert.deepEqual(purlsOf(document), purlsOf(documents[0]!));
  assert.equal(await succeeds(["sbom", "--format=spdx-json", "-o", "-", places[0]!], { env }), documents[0]);
  assert.equal(documents[3], documents[2], "a folder that is a layout is that layout");
  const [root] = packagesOf(documents[5]!);
  const digest = (await succeeds(["digest", `${address}/team/app:1`])).trim();
  assert.deepEqual([root!.versionInfo, root!.primaryPackagePurpose], [digest, "CONTAINER"]);
  assert.match(root!.externalRefs![0]!.referenceLocator, new RegExp(`^pkg:oci/app@${digest}\\?arch=[a-z0-9]+&repository_url=`));
  const { documentNamespace, creationInfo } = JSON.parse(documents[0]!) as { documentNamespace: string; creationInfo: { created: string } };
  assert.match(documentNamespace, /^urn:uuid:[0-9a-f-]{36}$/);
  assert.equal(creationInfo.created, "2023-11-14T22:13:20Z");
  // Nothing of what was unpacked is left behind.
  assert.deepEqual(readdirSync(join(folder, "store/tmp")), []);
  const { status, stderr } = await sampan(["sbom", `${address}/team/none:1`]);
  assert.equal(status, 1);
  assert.match(stderr, /team\/none/);
});

test("the packages of this checkout are those that npm has noted", async (context) => {
  const checkout = new URL("../../", import.meta.url).pathname;
  const { packages } = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8")) as { packages: Record<string, { version: string }> };
  const noted = Object.entries(packages).filter(([path]) => path !== "" && existsSync(join(checkout, path, "package.json"))).map(([path, { version }]) => `${path.slice(path.lastIndexOf("node_modules/") + 13)} ${version}`);
  const { succeeds } = await startJourney(context);
  const table = await succeeds(["sbom", `dir:${checkout}`]);
  const rows = table.trimEnd().split("\n").slice(1).map((line) => line.trim().split(/ {2,}/));
  // The package `node` puts the program's own package beside it when it is installed, which npm does not note.
  assert.deepEqual(rows.filter(([name, , type]) => type === "npm" && !name!.startsWith("node-linux-")).map(([name, version]) => `${name} ${version}`).sort(), [...new Set(noted)].sort());
});

test("what is short for a reason is said to be", { skip: noBusybox }, async (context) => {
  const { sampan, folder, context: files } = await startJourney(context);
  const plain = await sampan(["sbom", "base:1"]);
  assert.deepEqual([plain.status, plain.stdout, plain.stderr], [0, "NAME   VERSION   TYPE\n", "WARNING: base:1 has no distribution: only packages of languages are listed\n"]);
  files("rootfs", { "etc/os-release": "ID=fedora\nPRETTY_NAME=Fedora\n", "var/lib/rpm/Packages": "" });
  const rpm = await sampan(["sbom", "./rootfs"], { cwd: folder });
  assert.deepEqual([rpm.status, rpm.stderr], [0, "WARNING: /var/lib/rpm/Packages: rpm's databases in the form of Berkeley DB are not read, only those of SQLite: its packages are not listed\n"]);
});

test("what is no image and no folder is refused", { skip: noBusybox }, async (context) => {
  const { sampan, folder } = await startJourney(context);
  writeFileSync(join(folder, "app.tar"), "");
  const cases: [string[], number, RegExp][] = [
    [["./none"], 1, /\.\/none: there is no such folder/],
    [["./app.tar"], 2, /is no folder[\s\S]*oci-archive:\.\/app\.tar/],
    [["dir:"], 2, /names no folder/],
    [["store:none:1"], 1, /none:1/],
    [["docker-daemon:x"], 1, /docker-daemon:/],
    [["--format", "yaml", "base:1"], 2, /one of table, spdx-json, cyclonedx-json/],
    [["--platform", "linux/s390x", "base:1"], 1, /linux\/s390x/],
    [["-o", "none/x.json", "base:1"], 2, /does not exist/],
  ];
  await Promise.all(cases.map(async ([words, expected, message]) => {
    const { status, stderr } = await sampan(["sbom", ...words], { cwd: folder });
    assert.equal(status, expected, words.join(" ") + stderr);
    assert.match(stderr, message);
  }));
});

/** Why documents cannot be validated by a module of Python here, or false. */
const noModule = (module: string, name: string): string | false => (spawnSync("python3", ["-c", `import ${module}`]).status === 0 ? false : `needs ${name} (of Python)`);

test("spdx-tools finds nothing wrong with a document of SPDX", { skip: noBusybox || noDpkg || noModule("spdx_tools.spdx.clitools.pyspdxtools", "spdx-tools") }, async (context) => {
  const { folder, succeeds } = await debianImage(context);
  const file = join(folder, "app.spdx.json");
  await succeeds(["sbom", "--format", "spdx-json", "-o", file, "app:1"]);
  const { status, stdout, stderr } = spawnSync("python3", ["-m", "spdx_tools.spdx.clitools.pyspdxtools", "-i", file], { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
});

test("the schema of CycloneDX 1.6 fits a document of it", { skip: noBusybox || noDpkg || noModule("cyclonedx.validation.json, jsonschema", "cyclonedx-python-lib") }, async (context) => {
  const { folder, succeeds } = await debianImage(context);
  const file = join(folder, "app.cdx.json");
  await succeeds(["sbom", "--format", "cyclonedx-json", "-o", file, "app:1"]);
  const program = "import sys; from cyclonedx.validation.json import JsonStrictValidator as V; from cyclonedx.schema import SchemaVersion as S; e = V(S.V1_6).validate_str(open(sys.argv[1]).read()); sys.exit(str(e) if e else 0)";
  const { status, stderr } = spawnSync("python3", ["-c", program, file], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
});
