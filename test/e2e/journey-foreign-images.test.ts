import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { noDockerd, startDockerd } from "../support/dockerd.ts";
import { containersStorage, foreign, needs } from "../support/foreign.ts";
import { startJourney, type Journey } from "../support/journey.ts";
import { serveRegistry } from "../support/serve-registry.ts";

async function withRegistry(context: TestContext): Promise<Journey & { registry: string; base: string }> {
  const [journey, registry] = await Promise.all([startJourney(context), serveRegistry(context)]);
  const base = `${registry}/base:1`;
  await journey.succeeds(["tag", "base:1", base]);
  await journey.succeeds(["push", "-q", base]);
  return { ...journey, registry, base };
}

/** Pulls an image of others, runs it and builds upon it. */
async function takeOver({ succeeds, context }: Journey, image: string, prints: string): Promise<void> {
  await succeeds(["pull", image]);
  assert.equal(await succeeds(["run", "--rm", image]), prints);
  const upon = context("upon", { Dockerfile: `FROM ${image}\nUSER root\nRUN cat /made > /copied && rm /made\nENTRYPOINT ["cat", "/copied"]\nCMD []\n` });
  await succeeds(["build", "-q", "-t", "upon:1", upon]);
  assert.equal(await succeeds(["run", "--rm", "upon:1"]), prints);
  const history = await succeeds(["history", "--format", "{{.CreatedBy}}", "upon:1"]);
  assert.match(history, /^CMD \[\]\nENTRYPOINT \["cat" "\/copied"\]\nRUN /, "ours is on top of theirs");
}

const STEPS = "RUN echo by buildah > /made && rm /etc/group\nUSER app\nCMD [\"/bin/cat\", \"/made\"]\n";

for (const format of ["oci", "v2s2"] as const) {
  test(`an image that buildah built and pushed as ${format} is pulled, run and built upon`, { skip: noBusybox || needs("buildah", "skopeo") }, async (context) => {
    const journey = await withRegistry(context);
    const { buildah } = containersStorage(context);
    const folder = journey.context("buildah", { Dockerfile: `FROM ${journey.base}\n${STEPS}` });
    await buildah("build", "--quiet", "--tls-verify=false", "--isolation", "chroot", "--tag", "made", folder);
    const image = `${journey.registry}/buildah/made:1`;
    await buildah("push", "--quiet", "--tls-verify=false", "--format", format, "made", `docker://${image}`);
    const type = format === "oci" ? "application/vnd.oci.image.manifest.v1+json" : "application/vnd.docker.distribution.manifest.v2+json";
    assert.equal((JSON.parse(await foreign("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${image}`])) as { mediaType: string }).mediaType, type);
    await takeOver(journey, image, "by buildah\n");
  });
}

test("a container that buildah changed by hand and committed is pulled, run and built upon", { skip: noBusybox || needs("buildah") }, async (context) => {
  const journey = await withRegistry(context);
  const { buildah } = containersStorage(context);
  const name = (await buildah("from", "--quiet", "--tls-verify=false", journey.base)).trim();
  await buildah("run", "--isolation", "chroot", name, "--", "sh", "-c", "echo by hand > /made; rm -r /var; mkdir -p /var/new");
  await buildah("config", "--entrypoint", "[\"/bin/sh\", \"-c\"]", "--cmd", "cat /made; ls /var", name);
  const image = `${journey.registry}/buildah/committed:1`;
  await buildah("commit", "--quiet", "--tls-verify=false", name, `docker://${image}`);
  await journey.succeeds(["pull", image]);
  assert.equal(await journey.succeeds(["run", "--rm", "--entrypoint", "sh", image, "-c", "cat /made; ls /var"]), "by hand\nnew\n");
});

test("layers that skopeo compressed with zstd are pulled, run, built upon and pushed on", { skip: noBusybox || needs("skopeo") }, async (context) => {
  const journey = await withRegistry(context);
  const { succeeds, registry, folder } = journey;
  const image = `${registry}/skopeo/zstd:1`;
  await succeeds(["build", "-q", "-o", `type=oci,dest=${join(folder, "made.tar")}`, journey.context("made", { Dockerfile: "FROM base:1\nRUN echo by zstd > /made\nCMD [\"cat\", \"/made\"]\n" })]);
  await foreign("skopeo", ["copy", "--dest-tls-verify=false", "--dest-compress-format", "zstd", "--dest-compress-level", "3", `oci-archive:${join(folder, "made.tar")}`, `docker://${image}`]);
  const raw = JSON.parse(await foreign("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${image}`])) as { layers: { mediaType: string }[] };
  assert.ok(raw.layers.every(({ mediaType }) => mediaType.endsWith("+zstd")), JSON.stringify(raw));
  await succeeds(["rmi", "base:1"]);
  await takeOver(journey, image, "by zstd\n");
  const onward = `${registry}/skopeo/onward:1`;
  await succeeds(["tag", "upon:1", onward]);
  await succeeds(["push", onward]);
  await foreign("skopeo", ["copy", "--src-tls-verify=false", `docker://${onward}`, `dir:${join(folder, "onward")}`]);
});

test("of an index of several platforms the machine's own is pulled, and another one on demand", { skip: noBusybox || needs("buildah") }, async (context) => {
  const journey = await withRegistry(context);
  const { buildah } = containersStorage(context);
  const image = `${journey.registry}/buildah/index:1`;
  const own = process.arch === "arm64" ? "arm64" : "amd64";
  await buildah("manifest", "create", "several");
  for (const arch of ["s390x", own, "riscv64"]) {
    const name = (await buildah("from", "--quiet", "scratch")).trim();
    if (arch === own) await buildah("copy", "--quiet", name, "/bin/busybox", "/bin/busybox");
    await buildah("config", "--arch", arch, "--label", `for=${arch}`, "--cmd", "[\"/bin/busybox\", \"echo\", \"own\"]", name);
    await buildah("commit", "--quiet", "--manifest", "several", name);
  }
  await buildah("manifest", "push", "--quiet", "--all", "--tls-verify=false", "several", `docker://${image}`);
  const { succeeds, sampan, context: folder } = journey;
  const label = ["inspect", "-f", "{{.Architecture}} {{index .Config.Labels \"for\"}}", image];
  await succeeds(["pull", image]);
  assert.equal(await succeeds(label), `${own} ${own}\n`);
  await succeeds(["build", "-q", "-t", "upon:1", folder("upon", { Dockerfile: `FROM ${image}\nRUN ["/bin/busybox", "mkdir", "/new"]\n` })]);
  assert.equal(await succeeds(["run", "--rm", "upon:1"]), "own\n");
  await succeeds(["pull", "--platform", "linux/riscv64", image]);
  assert.equal(await succeeds(label), "riscv64 riscv64\n");
  const absent = await sampan(["pull", "--platform", "linux/ppc64le", image]);
  assert.equal(absent.status, 1);
  assert.match(absent.stderr, /linux\/ppc64le[^]*s390x/, "the fault lists what there is");
});

test("an image that docker built is pulled, loaded, run and built upon", { skip: noBusybox || noDockerd }, async (context) => {
  const journey = await withRegistry(context);
  const { succeeds, registry, folder } = journey;
  const docker = await startDockerd(context);
  const image = `${registry}/docker/classic:1`;
  const files = journey.context("classic", { Dockerfile: `FROM scratch\nADD base.tar /\n${STEPS.replace("buildah", "docker")}` });
  copyFileSync(journey.baseLayer, join(files, "base.tar"));
  const built = docker("build", "--quiet", "--network", "none", "--tag", image, files);
  assert.equal(built.status, 0, built.stderr);
  assert.equal(docker("push", "--quiet", image).stdout, `${image}\n`);
  await takeOver(journey, image, "by docker\n");

  const saved = join(folder, "docker.tar");
  assert.equal(docker("save", "--output", saved, image).status, 0);
  await succeeds(["rmi", image]);
  await succeeds(["rmi", "upon:1"]);
  assert.equal(await succeeds(["load", "-i", saved]), `Loaded image: ${image}\n`);
  assert.equal(await succeeds(["inspect", "-f", "{{.Id}}", image]), docker("inspect", "-f", "{{.Id}}", image).stdout);
  assert.equal(await succeeds(["run", "--rm", image]), "by docker\n");
});
