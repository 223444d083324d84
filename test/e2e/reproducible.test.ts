import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import { noBuilds, scratchBuild } from "../support/scratch-build.ts";
import { serveRegistry } from "../support/serve-registry.ts";
import { tarOf } from "../support/tar-of.ts";

const EPOCH = 1_500_000_000;
const shiftedClock = new URL("../support/shifted-clock.cjs", import.meta.url).pathname;

/** Everything that writes files, in more ways than one. */
const DOCKERFILE = `# syntax=docker/dockerfile:1
FROM base AS tools
WORKDIR /work/deep
RUN mkdir -p d/e && for i in z a m; do echo $i >d/$i; done && ln d/z hard && ln d/z d/e/hard && ln -s a d/soft && touch -t 200901010000 old
RUN chmod 4755 d/a && chown 1000:1001 d/m && rm -r /home/app && mkdir /home/app && echo new >/home/app/x && mknod /work/fifo p
RUN --mount=type=cache,target=/made/for/a/cache --mount=type=bind,target=/ctx,source=d echo $(cat /ctx/b) >>/made/it
FROM base AS second
COPY --from=tools /work /work
RUN cp -a /work /again && rm /again/deep/old && seq 1 300000 >/numbers
FROM base
ENV A=1
WORKDIR /w/x/y
COPY . /context/
ADD archive.tar.gz /archive/
COPY --link d /linked/below/
COPY --link --chown=7:8 --chmod=600 f /linked/f
COPY --from=second --parents /again/./deep /numbers /parents/
COPY --from=tools /made /made
COPY <<one <<two /here/
1
one
2
two
RUN <<EOF
rm -rf /context/d/e
echo 1 >/context/f
: >/context/d/b
EOF
WORKDIR /w/x
USER 1000
`;

const MACHINES = [
  { umask: 0o022, shift: 0, mtime: 1_650_000_000.25, threads: "1", backwards: false },
  { umask: 0o077, shift: -40_000_000, mtime: 1_750_000_000.75, threads: "7", backwards: true },
];

/** A machine with a store, a clock and a checkout of its own. */
async function machine(context: TestContext, { umask, shift, mtime, threads, backwards }: (typeof MACHINES)[number]) {
  const { build, write, context: folder, folder: out, sampan } = await scratchBuild(context);
  const files = { "f": "f\n", "d/b": "b\n", "d/a": "a\n", "d/e/deep": "deep\n", "big": Buffer.alloc(3_000_000, "0123456789abcde\n"), "archive.tar.gz": archive() };
  for (const [path, content] of backwards ? Object.entries(files).reverse() : Object.entries(files)) write({ [path]: content });
  write({ Dockerfile: "" });
  execFileSync("chmod", ["-R", "u=rwX,go=rX", folder]);
  for (const item of readdirSync(folder, { recursive: true, withFileTypes: true })) utimesSync(join(item.parentPath, item.name), mtime, mtime);
  const env = { SOURCE_DATE_EPOCH: String(EPOCH), NODE_OPTIONS: `--require ${shiftedClock}`, SHIFTED_CLOCK: String(shift), UV_THREADPOOL_SIZE: threads };
  return {
    out, sampan,
    build: async (words: readonly string[], dockerfile = DOCKERFILE, more: Readonly<Record<string, string | undefined>> = {}): Promise<string> => {
      const before = process.umask(umask);
      const { status, stderr } = await build(dockerfile, words, { env: { ...env, ...more } }).finally(() => process.umask(before));
      assert.equal(status, 0, stderr);
      return stderr;
    },
  };
}

function archive(): Buffer {
  const old = { mtime: { seconds: 1_000_000_000, nanoseconds: 0 } };
  return tarOf([{ path: "sub", type: "directory", mode: 0o755 }, { path: "sub/young", content: "young" }, { path: "sub/old", content: "old", ...old }, { path: "hard", type: "hardlink", linkTarget: "sub/young" }]);
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** `name mtime` of each entry of the own layers of the one image in an OCI archive. */
function entryTimes(archivePath: string, folder: string): { time: number; line: string }[] {
  mkdirSync(folder);
  execFileSync("tar", ["-xf", archivePath, "-C", folder]);
  const read = <Document>(digest: string): Document => JSON.parse(readFileSync(join(folder, "blobs", digest.replace(":", "/")), "utf8")) as Document;
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: { digest: string }[] };
  const { layers } = read<{ layers: { digest: string; annotations?: Record<string, string> }[] }>(index.manifests[0]!.digest);
  assert.deepEqual(layers.map(({ annotations }) => annotations?.["buildkit/rewritten-timestamp"]), layers.map((_, position) => (position === 0 ? undefined : String(EPOCH))));
  return layers.slice(1).flatMap(({ digest }) => {
    const tar = gunzipSync(readFileSync(join(folder, "blobs", digest.replace(":", "/"))));
    return execFileSync("tar", ["-tvf", "-", "--full-time", "--utc"], { input: tar, encoding: "utf8" }).split("\n").filter((line) => line !== "")
      .map((line) => ({ time: Date.parse(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(line)![0].replace(" ", "T") + "Z") / 1000, line }));
  });
}

describe("rewrite-timestamp", { skip: noBuilds }, () => {
  test("two builds with different stores, clocks, umasks and checkouts give the same archives, byte for byte, and one image", async (context) => {
    const registry = await serveRegistry(context);
    const results: Record<string, string>[] = [];
    for (const [number, each] of MACHINES.entries()) {
      const { out, build, sampan } = await machine(context, each);
      const outputs = { "oci.tar": "type=oci", "zstd.tar": "type=oci,compression=zstd,force-compression=true", "docker.tar": "type=docker", "named.tar": "type=oci,name=x:1,annotation.a=b" };
      const words = Object.entries(outputs).flatMap(([file, output]) => ["-o", `${output},dest=${join(out, file)},rewrite-timestamp=true`]);
      const name = `${registry}/app${number}:1`;
      await build([...words, "-o", `type=image,name=${name},push=true,rewrite-timestamp=true`, "-o", `type=tar,dest=${join(out, "files.tar")}`, "--iidfile", join(out, "iid"), "--metadata-file", join(out, "metadata.json")]);
      const { stdout: stored } = await sampan(["inspect", "--format", "{{.Id}}", name]);
      const { stdout: pushed } = await sampan(["digest", name]);
      const { stdout: files } = await sampan(["run", "--rm", "--user", "0", name, "sh", "-c", "find / -xdev -newermt @1600000000 ! -path '/etc/*' ! -path '/dev*' ! -path '/proc*' ! -path '/sys*' | grep -v -x -e / -e /bin.* | head -3"]);
      assert.equal(readFileSync(join(out, "iid"), "utf8").trim(), stored.trim(), "the image of the outputs is the one that is told of");
      results.push({
        ...Object.fromEntries([...Object.keys(outputs), "files.tar"].map((file) => [file, sha256(join(out, file))])),
        stored, pushed, files,
        descriptor: JSON.stringify((JSON.parse(readFileSync(join(out, "metadata.json"), "utf8")) as Record<string, unknown>)["containerimage.descriptor"]),
      });
      if (number > 0) continue;
      const times = entryTimes(join(out, "oci.tar"), join(out, "layout"));
      assert.deepEqual(times.filter(({ time }) => time > EPOCH), []);
      assert.ok(times.some(({ time, line }) => time < EPOCH && line.includes("archive/sub/old")), "what is older stays as it is");
    }
    assert.deepEqual(results[0], results[1]);
    assert.equal(results[0]!["files"], "", "no file of the image that is in the store is younger");
  });

  test("an index of several platforms is the same everywhere, and so is the layout that holds it; a cache makes no difference", async (context) => {
    const dockerfile = "FROM scratch AS made\nCOPY d /d\nFROM scratch\nARG TARGETARCH\nWORKDIR /w/$TARGETARCH\nCOPY --from=made /d .\nCOPY --link f /linked/f\n";
    const results: string[][] = [];
    for (const each of MACHINES) {
      const { out, build } = await machine(context, each);
      const [archived, metadata] = [join(out, "oci.tar"), join(out, "metadata.json")];
      const words = ["--platform", "linux/amd64,linux/arm64", "-o", `type=oci,dest=${archived},rewrite-timestamp=true`, "--metadata-file", metadata];
      for (const more of [[], ["--no-cache"], []]) {
        await build([...words, ...more], dockerfile);
        results.push([sha256(archived), (JSON.parse(readFileSync(metadata, "utf8")) as Record<string, string>)["containerimage.digest"]!]);
      }
    }
    assert.deepEqual(results, results.map(() => results[0]));
  });

  test("an image without a name stays in the store, with and without a time; without one nothing is rewritten, and a warning says so", async (context) => {
    const { build, sampan, out } = await machine(context, MACHINES[0]!);
    const words = ["-o", "type=image,rewrite-timestamp=true", "--iidfile", join(out, "iid")];
    const dockerfile = "FROM scratch\nCOPY f /\n";
    for (const [epoch, warned] of [["", true], [String(EPOCH), false]] as const) {
      const said = await build(words, dockerfile, { SOURCE_DATE_EPOCH: epoch });
      assert.equal(said.includes("rewrite-timestamp is specified, but no source-date-epoch was found"), warned);
      const { status, stderr } = await sampan(["save", "-o", join(out, "saved.tar"), readFileSync(join(out, "iid"), "utf8").trim()]);
      assert.equal(status, 0, stderr);
    }
  });
});
