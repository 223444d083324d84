import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { ARM64_BUSYBOX, noArm64 } from "../support/arm64-busybox.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { pushPlatformBase } from "../support/platform-base.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const HOST = process.arch === "arm64" ? "arm64" : "amd64";

/** A store, a registry with a base for two platforms, and a way to build a Dockerfile. */
async function prepare(context: TestContext, other: string, binary: string) {
  const cli = scratchSampan(context);
  const registry = await serveRegistry(context);
  const base = await pushPlatformBase(cli, registry, { [HOST]: "/bin/busybox", [other]: binary });
  const build = (dockerfile: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const folder = join(cli.folder, "context");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "Dockerfile"), dockerfile.replaceAll("BASE", base));
    return cli.sampan(["build", ...words, folder], { env });
  };
  const succeeds = async (...args: Parameters<typeof build>): Promise<string> => {
    const { status, stderr } = await build(...args);
    assert.equal(status, 0, stderr);
    return stderr;
  };
  return { ...cli, registry, base, build, succeeds };
}

describe("builds for several platforms", { skip: noBusybox }, () => {
  test("are written as folders, as a tar of folders, and as one index", async (context) => {
    const { folder, registry, succeeds, sampan } = await prepare(context, "riscv64", "/bin/busybox");
    const dockerfile = "FROM --platform=$BUILDPLATFORM BASE AS made\nARG TARGETPLATFORM BUILDPLATFORM TARGETARCH\nRUN echo $BUILDPLATFORM to $TARGETPLATFORM $TARGETARCH >/made\nFROM BASE\nCOPY --from=made /made /made\n";
    const both = ["--platform", `linux/${HOST}`, "--platform", "linux/riscv64"];
    await succeeds(dockerfile, [...both, "-o", join(folder, "out"), "-o", `type=tar,dest=${join(folder, "out.tar")}`, "-o", `type=oci,dest=${join(folder, "oci.tar")}`]);
    assert.deepEqual(readdirSync(join(folder, "out")).sort(), [`linux_${HOST}`, "linux_riscv64"]);
    for (const architecture of [HOST, "riscv64"]) {
      const made = `linux/${HOST} to linux/${architecture} ${architecture}\n`;
      assert.equal(readFileSync(join(folder, `out/linux_${architecture}/made`), "utf8"), made);
      assert.equal(execFileSync("tar", ["-xOf", join(folder, "out.tar"), `linux_${architecture}/made`], { encoding: "utf8" }), made);
    }
    mkdirSync(join(folder, "layout"));
    execFileSync("tar", ["-xf", join(folder, "oci.tar"), "-C", join(folder, "layout")]);
    const read = (path: string): { manifests: { digest: string; mediaType: string; platform?: unknown }[] } => JSON.parse(readFileSync(join(folder, "layout", path), "utf8"));
    const [root] = read("index.json").manifests;
    assert.equal(root!.mediaType, "application/vnd.oci.image.index.v1+json");
    const { manifests } = read(join("blobs", root!.digest.replace(":", "/")));
    assert.deepEqual(manifests.map(({ platform }) => platform), [{ architecture: HOST, os: "linux" }, { architecture: "riscv64", os: "linux" }]);

    await succeeds(dockerfile, [...both, "-t", `${registry}/app:1`, "--push", "--annotation", "index:who=all", "--annotation", "manifest[linux/riscv64]:who=arch", "--annotation", "manifest-descriptor:d=1", "--iidfile", join(folder, "iid"), "--metadata-file", join(folder, "metadata.json")]);
    const { stdout } = await sampan(["manifest", "get", `${registry}/app:1`]);
    const pushed = JSON.parse(stdout) as { annotations: unknown; manifests: { digest: string; annotations: unknown }[] };
    assert.deepEqual([pushed.annotations, ...pushed.manifests.map(({ annotations }) => annotations)], [{ who: "all" }, { d: "1" }, { d: "1" }]);
    const annotated = await Promise.all(pushed.manifests.map(async ({ digest }) => JSON.parse((await sampan(["manifest", "get", `${registry}/app@${digest}`])).stdout) as { annotations?: unknown }));
    assert.deepEqual(annotated.map(({ annotations }) => annotations), [undefined, { who: "arch" }]);
    const metadata = JSON.parse(readFileSync(join(folder, "metadata.json"), "utf8")) as Record<string, unknown>;
    assert.equal((metadata["containerimage.descriptor"] as { mediaType: string }).mediaType, "application/vnd.oci.image.index.v1+json");
    assert.equal(readFileSync(join(folder, "iid"), "utf8"), metadata["containerimage.digest"], "as buildx does, the digest of the index stands for the image id");

    const one = `${registry}/app@${pushed.manifests[0]!.digest}`;
    const told = await succeeds(`FROM ${one}\nLABEL a=b\n`, [...both, "-t", `${registry}/mixed:1`, "--push"]);
    assert.match(told, /InvalidBaseImagePlatform: Base image .* was pulled with platform "linux\/\w+", expected "linux\/riscv64"/, "the second platform's base is looked at too");
    assert.match(told, /^#(\d+) pushing to the registry\n(?:#\1 .*\n)*#\1 pushing manifest for \S+\/mixed:1@sha256:[a-f0-9]{64} done\n#\1 DONE /m);
  });

  test("take platforms from DOCKER_DEFAULT_PLATFORM, and are one image with an index where BUILDKIT_MULTI_PLATFORM says so", async (context) => {
    const { folder, succeeds, build } = await prepare(context, "riscv64", "/bin/busybox");
    await succeeds("FROM BASE\nARG TARGETPLATFORM\nENV P=$TARGETPLATFORM\n", ["-o", join(folder, "one")], { DOCKER_DEFAULT_PLATFORM: "linux/riscv64" });
    assert.ok(existsSync(join(folder, "one/bin/busybox")), "one platform needs no folder of its own");
    await succeeds("FROM BASE\n", ["--build-arg", "BUILDKIT_MULTI_PLATFORM=1", "-o", join(folder, "forced")]);
    assert.deepEqual(readdirSync(join(folder, "forced")), [`linux_${HOST}`]);
    const refused = await build("FROM BASE\n", ["--platform", `linux/${HOST},linux/riscv64`, "--build-arg", "BUILDKIT_MULTI_PLATFORM=0", "-o", join(folder, "x")]);
    assert.match(refused.stderr, /returning multiple target platforms is not allowed/);
  });

  test("are refused by outputs of docker's form, for platforms that a base has not, and where no emulator is", async (context) => {
    const { folder, build } = await prepare(context, "riscv64", "/bin/busybox");
    const both = ["--platform", `linux/${HOST},linux/riscv64`];
    for (const [words, said] of [
      [[...both, "-o", `type=docker,dest=${join(folder, "d.tar")}`], /docker exporter does not support exporting manifest lists, use the oci exporter instead/],
      [[...both, "-o", "type=docker"], /docker exporter does not currently support exporting manifest lists/],
      [[...both, "--load"], /docker exporter does not currently support exporting manifest lists[^]*hint: leave --load/],
      [["--platform", "linux/s390x"], new RegExp(`has no image for linux/s390x[^]*it has linux/${HOST}, linux/riscv64`)],
      [["--platform", "linux/amd64/v2/x"], /invalid platform/],
    ] as const) {
      const { status, stderr } = await build("FROM BASE\nCOPY Dockerfile /\n", words);
      assert.equal(status, 1, stderr);
      assert.match(stderr, said);
    }
    const { status, stderr } = await build('FROM scratch\nRUN ["/x"]\n', ["--platform", "linux/e2k", "-o", join(folder, "r")]);
    assert.equal(status, 1);
    assert.match(stderr, /commands of linux\/e2k cannot run on this machine/);
  });
});

describe("commands of another architecture", { skip: noBusybox || noArm64 }, () => {
  test("run under emulation, with the programs that they start, and build stages run natively and once", async (context) => {
    const { folder, succeeds } = await prepare(context, "arm64", ARM64_BUSYBOX);
    await succeeds(
      "FROM --platform=$BUILDPLATFORM BASE AS tool\nRUN uname -m >/machine && cat /proc/sys/kernel/random/uuid >/once\n" +
      "FROM BASE\nCOPY --from=tool /once /machine /tool/\nRUN uname -m >/direct && sh -c 'uname -m | cat' >/nested && chown 1000:1001 /nested\nUSER 1000\nRUN id -u\n",
      ["--no-cache", "--platform", `linux/${HOST},linux/arm64`, "-o", join(folder, "out")],
    );
    const read = (architecture: string, path: string): string => readFileSync(join(folder, "out", `linux_${architecture}`, path), "utf8").trim();
    assert.equal(read("arm64", "direct"), "aarch64");
    assert.equal(read("arm64", "nested"), "aarch64", "a program that the command starts is emulated too");
    assert.equal(read(HOST, "direct"), "x86_64");
    assert.equal(read("arm64", "tool/machine"), "x86_64");
    assert.equal(read("arm64", "tool/once"), read(HOST, "tool/once"));
  });
});
