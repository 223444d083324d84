import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { sha256 } from "../../src/oci/digest.ts";
import { findProgram } from "../support/find-program.ts";
import { containersStorage, foreign, needs } from "../support/foreign.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { scratchRegistry, type ScratchRegistry } from "../support/scratch-registry.ts";
import { ociArchive, smallImage } from "../support/small-image.ts";
import { tarOf } from "../support/tar-of.ts";

const needsZstd = findProgram("zstd") ? false : "needs zstd";
const tar = Buffer.from(tarOf([
  { path: "text", content: Array.from({ length: 200_000 }, (_, line) => `line ${line}\n`).join("") },
  { path: "noise", content: randomBytes(5_000_000) },
]));
const image = smallImage([{ tar }, { tar: tarOf([{ path: "small", content: "x" }]) }]);

interface Manifest { mediaType: string; config: { digest: string; mediaType: string }; layers: { mediaType: string; digest: string; size: number }[] }

async function manifestOf(registry: ScratchRegistry, path: string): Promise<Manifest> {
  return (await registry.request("GET", `/v2/${path}`, { headers: { accept: "*/*" } })).json() as Manifest;
}
const fine = ({ status, stderr, stdout }: Finished): string => {
  assert.equal(status, 0, stderr);
  return stdout;
};

/** A store with the image under names of the registry. */
async function loaded(context: TestContext, registry: ScratchRegistry, tags: readonly string[]) {
  const scratch = scratchSampan(context);
  writeFileSync(join(scratch.folder, "app.tar"), ociArchive(image, "app:1"));
  fine(await scratch.sampan(["load", "-i", join(scratch.folder, "app.tar")]));
  for (const tag of tags) fine(await scratch.sampan(["tag", "app:1", `${registry.address}/app:${tag}`]));
  return scratch;
}

test("push --force-compression converts every layer, the image stays the same, and the store does not grow", { skip: needsZstd }, async (context) => {
  const registry = await scratchRegistry(context);
  const { sampan, root } = await loaded(context, registry, ["gzip", "zstd", "again", "none"]);
  const name = (tag: string): string => `${registry.address}/app:${tag}`;
  const blobs = (): string[] => readdirSync(join(root, "blobs", "sha256")).sort();
  const before = blobs();
  fine(await sampan(["push", "--compression", "zstd", name("gzip")]));
  assert.deepEqual((await manifestOf(registry, "app/manifests/gzip")).layers.map(({ digest }) => digest), image.layers, "without force what is packed stays as it is");

  fine(await sampan(["push", "--compression", "zstd:3", "--force-compression", name("zstd")]));
  const converted = await manifestOf(registry, "app/manifests/zstd");
  assert.deepEqual([converted.mediaType, converted.config.digest], ["application/vnd.oci.image.manifest.v1+json", sha256(image.config)]);
  assert.deepEqual(converted.layers.map(({ mediaType }) => mediaType), Array(2).fill("application/vnd.oci.image.layer.v1.tar+zstd"));
  const layer = converted.layers[0]!;
  const blob = (await registry.request("GET", `/v2/app/blobs/${layer.digest}`)).body;
  assert.ok(execFileSync("zstd", ["-dcq"], { input: blob, maxBuffer: 2 ** 26 }).equals(tar), "diffIDs stay");

  const again = fine(await sampan(["push", "--json", "--compression", "zstd:3", "--force-compression", name("again")])).trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(new Set(again.slice(0, -1).map((line) => line["state"])), new Set(["exists"]), "what was converted once is not converted again");
  assert.deepEqual((await manifestOf(registry, "app/manifests/again")).layers, converted.layers);

  fine(await sampan(["push", "--compression", "none", "--force-compression", name("none")]));
  assert.equal((await manifestOf(registry, "app/manifests/none")).layers[0]!.digest, sha256(tar));
  assert.deepEqual(blobs(), before);

  const puller = scratchSampan(context);
  for (const tag of ["zstd", "none"]) {
    fine(await puller.sampan(["pull", name(tag)]));
    assert.match(fine(await puller.sampan(["inspect", "-f", "{{.Id}}", name(tag)])), new RegExp(sha256(image.config)));
  }
  fine(await puller.sampan(["tag", name("zstd"), name("back")]));
  fine(await puller.sampan(["push", "--compression", "gzip", "--force-compression", name("back")]));
  assert.ok((await manifestOf(registry, "app/manifests/back")).layers.every(({ mediaType }) => mediaType.endsWith("tar+gzip")));
});

test("layers of a build are packed as its output says, and equally on every machine", { skip: needsZstd }, async (context) => {
  const registry = await scratchRegistry(context);
  const build = async (): Promise<Manifest> => {
    const { sampan, folder } = scratchSampan(context);
    const app = join(folder, "app");
    mkdirSync(app);
    writeFileSync(join(app, "Dockerfile"), "FROM scratch\nCOPY layer.tar /\n");
    writeFileSync(join(app, "layer.tar"), tar);
    utimesSync(join(app, "layer.tar"), 1_700_000_000, 1_700_000_000);
    fine(await sampan(["build", "-t", `${registry.address}/built:1`, "-o", "type=registry,compression=zstd,compression-level=5", app]));
    fine(await sampan(["build", "-o", `type=oci,dest=${join(folder, "app.oci")},compression=zstd,force-compression=true`, app]));
    const index = JSON.parse(execFileSync("tar", ["-xOf", join(folder, "app.oci"), "index.json"]).toString()) as { manifests: { digest: string }[] };
    return JSON.parse(execFileSync("tar", ["-xOf", join(folder, "app.oci"), `blobs/sha256/${index.manifests[0]!.digest.slice(7)}`]).toString()) as Manifest;
  };
  const [one, two] = [await build(), await build()];
  assert.match(one.layers[0]!.mediaType, /zstd$/);
  assert.deepEqual(one.layers, two.layers);
  assert.match((await manifestOf(registry, "built/manifests/1")).layers[0]!.mediaType, /zstd$/);
});

test("compressions that are none are refused before anything is done", async (context) => {
  const { sampan } = scratchSampan(context);
  for (const words of [["push", "--compression", "lz4", "127.0.0.1:1/app"], ["push", "--compression", "zstd:99", "127.0.0.1:1/app"], ["build", "-o", "type=oci,dest=x,compression=gzip,compression-level=12", "."]]) {
    const { status, stderr } = await sampan(words);
    assert.equal(status, 2, `${words.join(" ")}: ${stderr}`);
  }
});

test("skopeo and podman read layers of many zstd frames", { skip: needs("skopeo", "podman", "runc") || needsZstd }, async (context) => {
  const registry = await scratchRegistry(context);
  const { sampan, folder } = await loaded(context, registry, ["zstd"]);
  const name = `${registry.address}/app:zstd`;
  fine(await sampan(["push", "--compression", "zstd:3", "--force-compression", name]));
  await foreign("skopeo", ["copy", "-q", "--src-tls-verify=false", `docker://${name}`, `dir:${join(folder, "copied")}`]);
  const manifest = JSON.parse(readFileSync(join(folder, "copied", "manifest.json"), "utf8")) as Manifest;
  assert.match(manifest.layers[0]!.mediaType, /zstd$/);
  const { podman } = containersStorage(context);
  await podman("pull", "-q", "--tls-verify=false", name);
  assert.equal((JSON.parse(await podman("image", "inspect", "--format", "{{json .RootFS.Layers}}", name)) as string[])[0], sha256(tar));
});
