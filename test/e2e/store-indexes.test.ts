import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ARM64_BUSYBOX, noArm64 } from "../support/arm64-busybox.ts";
import { assertFault } from "../support/check-fault.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { foreign, needs } from "../support/foreign.ts";
import { scratchSampan, type SampanOptions } from "../support/run-sampan.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const OWN = process.arch === "arm64" ? "arm64" : "amd64";
const BOTH = `linux/${OWN},linux/riscv64`;

interface Setup extends ReturnType<typeof scratchSampan> {
  readonly succeeds: (words: readonly string[], options?: SampanOptions) => Promise<string>;
  readonly context: string;
}

/** A store with an index `app:1` of two platforms, each with a layer of its own. */
async function setUp(test: TestContext): Promise<Setup> {
  const cli = scratchSampan(test);
  const context = join(cli.folder, "context");
  mkdirSync(context);
  writeFileSync(join(context, "Dockerfile"), 'FROM scratch\nARG TARGETARCH\nCOPY Dockerfile /for-$TARGETARCH\nLABEL for=$TARGETARCH\nCMD ["/none"]\n');
  const succeeds: Setup["succeeds"] = async (words, options) => {
    const { status, stdout, stderr } = await cli.sampan(words, options);
    assert.equal(status, 0, `sampan ${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  await succeeds(["build", "-q", "--platform", BOTH, "-t", "app:1", context]);
  return { ...cli, succeeds, context };
}

/** The ids of the images of the store, as `images` tells them. */
const ids = async ({ succeeds }: Setup): Promise<string[]> => (await succeeds(["images", "-q", "--no-trunc"])).split("\n").filter((line) => line !== "");
/** The platforms that `images --tree` shows, with their sizes. */
const tree = async ({ succeeds }: Setup): Promise<Record<string, string>> =>
  Object.fromEntries([...(await succeeds(["images", "--tree"])).matchAll(/^[├└]─ (\S+) +\S+ +(\S+)/gm)].map(([, platform, size]) => [platform, size]));

test("a name leads to an index: every command takes its own platform of it, or the one that is named", async (context) => {
  const setup = await setUp(context);
  const { succeeds, sampan, folder } = setup;
  const [id, ...others] = await ids(setup);
  assert.deepEqual(others, [], "the images of the platforms are not listed for themselves");
  assert.deepEqual(Object.keys(await tree(setup)), [`linux/${OWN}`, "linux/riscv64"]);
  const label = ["-f", "{{.Architecture}} {{index .Config.Labels \"for\"}}"];
  assert.equal(await succeeds(["inspect", ...label, "app:1"]), `${OWN} ${OWN}\n`);
  assert.equal(await succeeds(["inspect", ...label, "--platform", "linux/riscv64", "app:1"]), "riscv64 riscv64\n");
  assert.equal(await succeeds(["inspect", "-f", "{{.Id}} {{.Descriptor.digest}}", "app:1"]), `${id} ${id}\n`);
  assert.match(await succeeds(["history", "--platform", "linux/riscv64", "app:1"]), /for-riscv64/);
  await succeeds(["image", "cp", "--platform", "linux/riscv64", "app:1:/for-riscv64", join(folder, "copied")]);
  assertFault(await sampan(["history", "--platform", "linux/s390x", "app:1"]), {
    message: /image with reference app:1 was found but does not provide the specified platform \(linux\/s390x\)/, hint: /linux\/riscv64/,
  });
  writeFileSync(join(setup.context, "Dockerfile"), "FROM app:1\nCOPY Dockerfile /more\n");
  await succeeds(["build", "-q", "--platform", BOTH, "-t", "upon:1", "-o", `type=local,dest=${join(folder, "out")}`, setup.context]);
  assert.match(readFileSync(join(folder, "out/linux_riscv64/for-riscv64"), "utf8"), /TARGETARCH/);
  await succeeds(["tag", "app:1", "other:1"]);
  await succeeds(["rmi", "app:1"]);
  assert.deepEqual(await ids(setup), [id]);
  await succeeds(["rmi", "other:1"]);
  assert.deepEqual(await ids(setup), []);
});

test("its digest stays through push, pull, save, load and copy, and other tools read it", { skip: needs("skopeo") }, async (context) => {
  const setup = await setUp(context);
  const { succeeds, folder } = setup;
  const registry = await serveRegistry(context);
  const [id] = await ids(setup);
  const name = `${registry}/team/app:1`;
  await succeeds(["tag", "app:1", name]);
  assert.match(await succeeds(["push", name]), new RegExp(`^1: digest: ${id} size: \\d+$`, "m"));
  await succeeds(["save", "-o", join(folder, "app.tar"), "app:1"]);
  await foreign("skopeo", ["copy", "--all", "--src-tls-verify=false", `docker://${name}`, `oci:${join(folder, "layout")}:x`]);
  await foreign("skopeo", ["copy", `docker-archive:${join(folder, "app.tar")}`, `dir:${join(folder, "dir")}`]);

  const other: Setup = { ...setup, succeeds: async (words) => succeeds(words, { env: { SAMPAN_ROOT: join(folder, "other") } }) };
  await other.succeeds(["load", "-i", join(folder, "app.tar")]);
  assert.deepEqual(await ids(other), [id]);
  await other.succeeds(["rmi", "app:1"]);
  await other.succeeds(["pull", "-q", "--all-platforms", name]);
  assert.deepEqual(await ids(other), [id]);
  assert.deepEqual(Object.values(await tree(other)).filter((size) => size === "0B"), []);
  await other.succeeds(["copy", "-q", "--all", `store:${name}`, `${registry}/copy:1`]);
  assert.equal((await succeeds(["digest", `${registry}/copy:1`])).trim(), id);
  await other.succeeds(["copy", "-q", "--all", `${registry}/copy:1`, "store:copied"]);
  assert.deepEqual([...new Set(await ids(other))], [id]);
  assert.match(await other.succeeds(["images", "copied"]), /copied +latest/);
});

test("of a part of an index only what is here is pushed, and what is missing is no mistake", async (context) => {
  const setup = await setUp(context);
  const { succeeds, sampan } = setup;
  const registry = await serveRegistry(context);
  const [id] = await ids(setup);
  const name = `${registry}/app:1`;
  await succeeds(["tag", "app:1", name]);
  await succeeds(["push", "-q", name]);
  await succeeds(["rmi", "app:1"]);
  await succeeds(["rmi", "--platform", `linux/${OWN}`, name]);
  assert.deepEqual(await tree(setup), { [`linux/${OWN}`]: "0B", "linux/riscv64": (await tree(setup))["linux/riscv64"]! });
  assert.match(await succeeds(["store", "check"]), /all is well/);
  assert.match(await succeeds(["inspect", "-f", "{{.Architecture}}", name]), /riscv64/, "the only one that is here");
  const part = `${registry}/part:1`;
  await succeeds(["tag", name, part]);
  const { status, stderr } = await sampan(["push", part]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, new RegExp(`Not all multiplatform-content is present and only the available single-platform image was pushed\\n${id} -> sha256:`));
  assert.match(await succeeds(["manifest", "get", part]), /image\.manifest/);
  assertFault(await sampan(["push", "--platform", `linux/${OWN}`, part]), { message: /does not provide the specified platform/ });
  assertFault(await sampan(["copy", "--all", `store:${name}`, `${registry}/x:1`]), { message: /not all of what the index .* lists is here/, hint: /--platform: linux\/riscv64/ });
  await succeeds(["pull", "-q", "--platform", `linux/${OWN}`, name]);
  assert.deepEqual(Object.values(await tree(setup)).filter((size) => size === "0B"), [], "a later pull adds to the index");
  assert.match(await succeeds(["push", part]), new RegExp(`digest: ${id}`));
  for (const each of [name, part]) await succeeds(["rmi", each]);
  assert.deepEqual(await ids(setup), []);
  await succeeds(["image", "prune", "-f"]);
  assertStoreWhole(setup.root);
});

test("attestations go with their images, and --load refuses an index", async (context) => {
  const setup = await setUp(context);
  const { succeeds, sampan, folder } = setup;
  await succeeds(["build", "-q", "--platform", BOTH, "--provenance", "mode=max", "-t", "told:1", setup.context]);
  await succeeds(["save", "-o", join(folder, "told.tar"), "told:1"]);
  const read = (path: string): { manifests: { digest: string; annotations?: Record<string, string> }[] } =>
    JSON.parse(execFileSync("tar", ["-xOf", join(folder, "told.tar"), path], { encoding: "utf8" }));
  const listed = read(`blobs/${read("index.json").manifests[0]!.digest.replace(":", "/")}`).manifests;
  assert.equal(listed.length, 4);
  const attached = listed.filter(({ annotations }) => annotations?.["vnd.docker.reference.type"] === "attestation-manifest");
  for (const { digest } of attached) assert.match(JSON.stringify(read(`blobs/${digest.replace(":", "/")}`)), /in-toto/);
  await succeeds(["rmi", "--platform", "linux/riscv64", "told:1"]);
  await succeeds(["rmi", "told:1"]);
  await succeeds(["rmi", "app:1"]);
  await succeeds(["builder", "prune", "-f"]);
  assert.deepEqual(await ids(setup), []);
  assertStoreWhole(setup.root);
  assertFault(await sampan(["build", "--load", "--platform", BOTH, setup.context]), { message: /docker exporter does not currently support exporting manifest lists/ });
});

test("a container of another architecture runs under an emulator, and without one it is refused", { skip: noArm64 || OWN === "arm64" }, async (context) => {
  const { folder, sampan } = scratchSampan(context);
  const files = join(folder, "files");
  mkdirSync(files);
  writeFileSync(join(files, "Dockerfile"), 'FROM scratch\nCOPY busybox /bin/busybox\nENTRYPOINT ["/bin/busybox"]\n');
  execFileSync("cp", [ARM64_BUSYBOX, join(files, "busybox")]);
  const built = await sampan(["build", "-q", "--platform", "linux/arm64,linux/e2k", "-t", "app:1", files]);
  assert.equal(built.status, 0, built.stderr);
  const run = await sampan(["run", "--rm", "--platform", "linux/arm64", "app:1", "uname", "-m"]);
  assert.deepEqual([run.status, run.stdout], [0, "aarch64\n"], run.stderr);
  const unasked = await sampan(["run", "--rm", "app:1", "uname", "-m"]);
  assert.equal(unasked.stdout, "aarch64\n", unasked.stderr);
  assert.match(unasked.stderr, /WARNING: The requested image's platform \(linux\/arm64\) does not match the detected host platform/);
  const missing = await sampan(["run", "--rm", "--platform", "linux/e2k", "app:1", "uname"]);
  assert.equal(missing.status, 125);
  assert.match(missing.stderr, /commands of linux\/e2k cannot run on this machine: it has no emulator for them/);
});
