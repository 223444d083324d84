import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { noDockerd, startDockerd } from "../../test/support/dockerd.ts";
import { tarOf } from "../../test/support/tar-of.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import { assembleImage, type Image } from "./image.ts";
import { createMemoryBlobs } from "./memory-blobs.ts";
import { readArchive } from "./read-archive.ts";
import { writeDockerArchive, writeOciArchive } from "./write-archive.ts";

const noSkopeo = spawnSync("skopeo", ["--version"]).status === 0 ? false : "needs skopeo";
const noBuildah = process.getuid!() !== 0 ? "needs root for buildah" : spawnSync("buildah", ["--version"]).status === 0 ? false : "needs buildah";
const name = "registry.example.com/team/app:1.2";
const blobs = createMemoryBlobs();
let image: Image;

before(async () => {
  const tars = [tarOf([{ path: "bin", type: "directory" }, { path: "bin/app", content: "binary" }]), tarOf([{ path: "etc", type: "directory" }, { path: "etc/app", content: "settings" }])];
  const once = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> { yield bytes; };
  const first = await blobs.write(once(gzipSync(tars[0]!)));
  const second = await blobs.write(once(tars[1]!));
  image = assembleImage({
    config: Buffer.from(JSON.stringify({
      architecture: "amd64", os: "linux", created: "2024-01-01T00:00:00Z", config: { Env: ["A=b"], Cmd: ["/bin/app"] },
      rootfs: { type: "layers", diff_ids: tars.map((tar) => sha256(tar)) }, history: [{ created_by: "one" }, { created_by: "two" }],
    })),
    layers: [{ mediaType: mediaType.ociLayerGzip, ...first }, { mediaType: mediaType.ociLayer, ...second }],
  });
});

async function archives(context: TestContext): Promise<{ folder: string; oci: string; docker: string }> {
  const folder = temporaryFolder(context);
  const [oci, docker] = [join(folder, "app.oci.tar"), join(folder, "app.docker.tar")];
  await writeOciArchive([{ image, names: [name] }], blobs, createWriteStream(oci));
  await writeDockerArchive([{ image, names: [name] }], blobs, createWriteStream(docker));
  return { folder, oci, docker };
}

function call(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  assert.equal(status, 0, `${program} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

test("skopeo inspects our OCI and Docker archives", { skip: noSkopeo }, async (context) => {
  const { oci, docker } = await archives(context);
  const inspected = JSON.parse(call("skopeo", "inspect", `oci-archive:${oci}`)) as { Digest: string; Layers: string[]; Env: string[] };
  assert.equal(inspected.Digest, image.descriptor.digest);
  assert.deepEqual(inspected.Layers, image.layers.map(({ descriptor }) => descriptor.digest));
  assert.deepEqual(inspected.Env, ["A=b"]);
  // skopeo counts the layers of a Docker archive by their DiffIDs.
  const byDocker = JSON.parse(call("skopeo", "inspect", `docker-archive:${docker}:${name}`)) as { Layers: string[] };
  assert.deepEqual(byDocker.Layers, image.layers.map(({ diffId }) => diffId));
});

test("what skopeo makes of our archives is read back as the same image", { skip: noSkopeo }, async (context) => {
  const { folder, oci, docker } = await archives(context);
  for (const [from, to] of [[`oci-archive:${oci}`, "docker-archive"], [`docker-archive:${docker}`, "oci-archive"], [`docker-archive:${docker}`, "docker-archive"]] as const) {
    const path = join(folder, `${to}-${from.length}.tar`);
    call("skopeo", "--insecure-policy", "copy", "-q", from, `${to}:${path}:${name}`);
    const target = createMemoryBlobs();
    const { images } = await readArchive(createReadStream(path), target);
    assert.deepEqual(images.map(({ names }) => names), [[name]], `${from} → ${to}`);
    assert.deepEqual(images[0]!.image.layers.map(({ diffId }) => diffId), image.layers.map(({ diffId }) => diffId));
    assert.deepEqual(images[0]!.image.config.config, image.config.config);
    for (const { descriptor } of images[0]!.image.layers) assert.ok(target.has(descriptor.digest));
  }
});

test("archives that buildah made are read", { skip: noBuildah }, async (context) => {
  const folder = temporaryFolder(context);
  const buildah = (...args: string[]): string => call("buildah", "--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs", ...args).trim();
  const container = buildah("from", "scratch");
  mkdirSync(join(folder, "content"));
  writeFileSync(join(folder, "content", "file"), "from buildah");
  buildah("copy", container, join(folder, "content"), "/");
  buildah("config", "--label", "made.by=buildah", container);
  const id = buildah("commit", container, name);
  for (const form of ["oci-archive", "docker-archive"]) {
    buildah("push", "-q", id, `${form}:${join(folder, form)}:${name}`);
    const { images } = await readArchive(createReadStream(join(folder, form)), createMemoryBlobs());
    assert.deepEqual(images.map(({ names }) => names), [[name]], form);
    assert.equal(images[0]!.image.config.config?.Labels?.["made.by"], "buildah");
    assert.equal(images[0]!.image.layers.length, 1);
  }
});

test("docker loads our Docker archive, and what docker saves is read back as the same image", { skip: noDockerd }, async (context) => {
  const { folder, docker } = await archives(context);
  const client = await startDockerd(context);
  const loaded = client("load", "-i", docker);
  assert.match(loaded.stdout, new RegExp(`Loaded image: ${name}`), loaded.stderr);
  assert.equal(client("image", "inspect", "-f", "{{.Id}}", name).stdout.trim(), image.id);
  const saved = join(folder, "saved.tar");
  assert.equal(client("save", "-o", saved, name).status, 0);
  const { images } = await readArchive(createReadStream(saved), createMemoryBlobs());
  assert.deepEqual(images.map(({ names, image }) => [names, image.id]), [[[name], image.id]]);
});
