import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { noBuilds, scratchBuild } from "../support/scratch-build.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const DOCKERFILE = "FROM scratch\nCOPY a.txt /d/\n";

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly mediaType: string; readonly annotations?: Readonly<Record<string, string>> }[];
}

describe("attributes of outputs", { skip: noBuilds }, () => {
  test("tar=false makes an OCI layout that other images stay in, and refuses a folder with other things", async (context) => {
    const { build, write, folder } = await scratchBuild(context, { base: false });
    write({ "a.txt": "one" });
    const layout = join(folder, "layout");
    const index = (): Index => JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as Index;
    const to = (more: string) => build(DOCKERFILE, ["-o", `type=oci,dest=${layout},tar=false${more}`]);
    assert.equal((await to(",name=x:1")).status, 0);
    const [first] = index().manifests;
    write({ "a.txt": "two" });
    assert.equal((await to("")).status, 0);
    assert.equal((await to(",name=y:1")).status, 0);
    assert.deepEqual(index().manifests.map(({ annotations }) => annotations), [
      { "io.containerd.image.name": "docker.io/library/x:1", "org.opencontainers.image.ref.name": "1" }, { "org.opencontainers.image.ref.name": "latest" },
      { "io.containerd.image.name": "docker.io/library/y:1", "org.opencontainers.image.ref.name": "1" },
    ]);
    assert.equal((await to(",name=x:1")).status, 0);
    assert.ok(!index().manifests.some(({ digest }) => digest === first!.digest), "a name belongs to the last image that got it");
    for (const { digest } of index().manifests) assert.ok(existsSync(join(layout, "blobs", digest.replace(":", "/"))));
    assert.deepEqual(readdirSync(layout).sort(), ["blobs", "index.json", "oci-layout"]);
    mkdirSync(join(folder, "other"));
    writeFileSync(join(folder, "other/file"), "");
    const refused = await build(DOCKERFILE, ["-o", `type=oci,tar=false,dest=${join(folder, "other")}`]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /it holds other things \(file\) and no layout/);
    assert.deepEqual(readdirSync(join(folder, "other")), ["file"]);
  });

  test("oci-mediatypes=false gives Docker's media types, to an index too, and registries take them", async (context) => {
    const registry = await serveRegistry(context);
    const { build, write, sampan, folder } = await scratchBuild(context, { base: false });
    write({ "a.txt": "one" });
    const name = `${registry}/app:1`;
    const words = ["--provenance=false", "-o", `type=registry,name=${name},oci-mediatypes=false,registry.insecure=true`];
    const single = await build(DOCKERFILE, words);
    assert.equal(single.status, 0, single.stderr);
    const get = async (): Promise<Record<string, unknown>> => JSON.parse((await sampan(["manifest", "get", name])).stdout) as Record<string, unknown>;
    const manifest = await get();
    assert.equal(manifest["mediaType"], "application/vnd.docker.distribution.manifest.v2+json");
    assert.equal((manifest["config"] as { mediaType: string }).mediaType, "application/vnd.docker.container.image.v1+json");
    assert.deepEqual((manifest["layers"] as { mediaType: string }[]).map(({ mediaType }) => mediaType), ["application/vnd.docker.image.rootfs.diff.tar.gzip"]);
    const several = await build(DOCKERFILE, [...words, "--platform", "linux/amd64,linux/arm64"]);
    assert.equal(several.status, 0, several.stderr);
    const list = await get();
    assert.equal(list["mediaType"], "application/vnd.docker.distribution.manifest.list.v2+json");
    assert.deepEqual(list["manifests"] && (list as unknown as Index).manifests.map(({ mediaType }) => mediaType), Array(2).fill("application/vnd.docker.distribution.manifest.v2+json"));
    const { status, stderr } = await sampan(["pull", name], { env: { SAMPAN_ROOT: join(folder, "elsewhere") } });
    assert.equal(status, 0, stderr);
  });

  test("mode=delete leaves nothing but the result in a folder, follows no symlink, and never deletes what one builds from", async (context) => {
    const { build, write, folder, context: from } = await scratchBuild(context, { base: false });
    write({ "a.txt": "one" });
    const out = join(folder, "out");
    const outside = join(folder, "outside");
    for (const path of [join(out, "old/deep"), join(out, "d/old"), outside]) mkdirSync(path, { recursive: true });
    for (const path of [join(out, "old/deep/file"), join(out, "d/b.txt"), join(outside, "kept")]) writeFileSync(path, "");
    symlinkSync(outside, join(out, "link"));
    assert.equal((await build(DOCKERFILE, ["-o", `type=local,dest=${out},mode=delete`])).status, 0);
    assert.deepEqual(readdirSync(out, { recursive: true }).sort(), ["d", "d/a.txt"]);
    assert.deepEqual(readdirSync(outside), ["kept"]);
    assert.equal((await build(DOCKERFILE, ["--platform", "linux/amd64,linux/arm64", "-o", `type=local,dest=${out},mode=delete`])).status, 0);
    assert.deepEqual(readdirSync(out, { recursive: true }).sort(), ["linux_amd64", "linux_amd64/d", "linux_amd64/d/a.txt", "linux_arm64", "linux_arm64/d", "linux_arm64/d/a.txt"]);
    for (const dest of [from, folder, "/"]) {
      const { status, stderr } = await build(DOCKERFILE, ["-o", `type=local,dest=${dest},mode=delete`]);
      assert.equal(status, 2);
      assert.match(stderr, /mode=delete would delete the build context/);
    }
    assert.equal(readFileSync(join(from, "a.txt"), "utf8"), "one");
  });
});
