import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBuildkitd, startBuildkitd } from "../support/buildkitd.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { startJourney } from "../support/journey.ts";
import { serveRegistry } from "../support/serve-registry.ts";

type Metadata = Readonly<Record<string, unknown>>;

const EPOCH = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
const FILES = { Dockerfile: "FROM scratch\nCOPY a /a\nLABEL a=b\nCMD [\"/a\"]\n", a: "a\n" };

test("the metadata file has what a BuildKit worker's exporters say, to the digest where nothing is compressed", { skip: noBusybox || noBuildkitd }, async (context) => {
  const { succeeds, folder, context: files } = await startJourney(context);
  const registry = await serveRegistry(context);
  const worker = await startBuildkitd(context);
  const cwd = files("small", FILES);
  const made = async (words: readonly string[]): Promise<Metadata> => {
    await succeeds(["build", ...EPOCH, ...words, "--metadata-file", join(folder, "made.json"), "."], { cwd, env: { BUILDX_METADATA_PROVENANCE: "disabled" } });
    const { "buildx.build.ref": ref, ...rest } = JSON.parse(readFileSync(join(folder, "made.json"), "utf8")) as Metadata;
    assert.match(String(ref), /^default\/default\/[0-9a-z]{25}$/);
    return rest;
  };
  const plain = "compression=uncompressed";
  const cases: Readonly<Record<string, readonly string[]>> = {
    "an OCI archive": ["-o", `type=oci,dest=../out.tar,${plain}`],
    "an OCI archive with names": ["-o", `type=oci,dest=../out.tar,${plain},"name=a:1,b"`],
    "docker's archive": ["-t", "a:1", "-o", `type=docker,dest=../out.tar,${plain}`],
    "annotations": ["-o", `type=oci,dest=../out.tar,${plain},annotation-manifest-descriptor.a=b,annotation.c=d`],
    "a push": ["-o", `type=image,name=${registry}/a:1,push=true,${plain}`],
    "a push with Docker's media types": ["-o", `type=image,name=${registry}/a:2,push=true,oci-mediatypes=false,${plain}`],
    "a push by digest": ["-o", `type=image,name=${registry}/a,push=true,push-by-digest=true,${plain}`],
    "another platform": ["--platform", "linux/arm/v6", "-o", `type=oci,dest=../out.tar,${plain}`],
    "several platforms": ["--platform", "linux/amd64,linux/arm64", "-o", `type=oci,dest=../out.tar,${plain},annotation-index.a=b,annotation-index-descriptor.c=d`],
    "several platforms, pushed": ["--platform", "linux/amd64,linux/arm64", "-o", `type=image,name=${registry}/a:3,push=true,${plain}`],
    "several outputs": ["-t", `${registry}/a:4`, "-o", `type=oci,dest=../out.tar,${plain}`, "-o", "type=local,dest=../tree", "-o", `type=image,push=true,${plain}`],
    "files": ["-o", "type=local,dest=../tree"],
    "a tar": ["-o", "type=tar,dest=../tree.tar"],
    "nothing": ["-o", "type=cacheonly"],
  };
  for (const [name, words] of Object.entries(cases)) {
    const [ours, theirs] = [await made(words), await made([...words, "--builder", worker.address])];
    assert.deepEqual(ours, theirs, name);
    assert.deepEqual(Object.keys(ours), Object.keys(ours).sort(), name);
  }
  const attested = await made(["--provenance", "mode=min", "-o", `type=image,name=${registry}/a:5,push=true`]);
  assert.deepEqual(Object.keys(attested), ["containerimage.descriptor", "containerimage.digest", "image.name"], "an index has no config");
});

test("what is only in the store has the image's id for both digests, and no descriptor", { skip: noBusybox }, async (context) => {
  const { succeeds, folder, context: files } = await startJourney(context);
  const cwd = files("small", FILES);
  const made = async (...words: string[]): Promise<Metadata> => {
    await succeeds(["build", ...words, "--metadata-file", join(folder, "made.json"), "."], { cwd, env: { BUILDX_METADATA_PROVENANCE: "disabled" } });
    return JSON.parse(readFileSync(join(folder, "made.json"), "utf8")) as Metadata;
  };
  const stored = await made("-t", "a:1", "--iidfile", join(folder, "iid"));
  const id = readFileSync(join(folder, "iid"), "utf8");
  assert.deepEqual({ ...stored, "buildx.build.ref": "" }, { "buildx.build.ref": "", "containerimage.config.digest": id, "containerimage.digest": id, "image.name": "docker.io/library/a:1" });
  assert.equal(await succeeds(["inspect", "-f", "{{.Id}}", id]), `${id}\n`);

  const rewritten = await made(...EPOCH, "-o", "type=image,name=b:1,rewrite-timestamp=true");
  const { digest, size } = rewritten["containerimage.descriptor"] as { digest: string; size: number };
  assert.equal(rewritten["containerimage.digest"], digest);
  assert.ok(size > 0);
  assert.equal(rewritten["containerimage.config.digest"], (await succeeds(["inspect", "-f", "{{.Id}}", "b:1"])).trim());
});
