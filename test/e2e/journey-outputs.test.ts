import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { foreign, needs } from "../support/foreign.ts";
import { startJourney } from "../support/journey.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const skip = noBusybox || needs();

/** One small layer upon scratch: an owner, a mode and a link. */
const SMALL = {
  Dockerfile: "FROM base:1 AS maker\nRUN mkdir /out && echo made > /out/file && chown 1000:33 /out/file && chmod 640 /out/file && ln -s file /out/link\nFROM scratch\nCOPY --from=maker /out /data\nLABEL small=yes\n",
};

const tarOf = (bytes: string, ...options: string[]): string => execFileSync("tar", ["--numeric-owner", ...options, "-f", bytes], { encoding: "utf8" });
const config = async (transport: string, path: string): Promise<unknown> => JSON.parse(await foreign("skopeo", ["inspect", "--config", "--raw", `${transport}:${path}`]));

test("one build writes every kind of output at once", { skip: skip || needs("skopeo") }, async (context) => {
  const { succeeds, folder, context: files } = await startJourney(context);
  const cwd = files("small", SMALL);
  const outputs = ["type=oci,dest=../oci.tar", "type=docker,dest=../docker.tar", "type=tar,dest=../rootfs.tar", "type=local,dest=../rootfs", "type=store"];
  const id = (await succeeds(["build", "-q", "-t", "small:1", "-t", "small:two", ...outputs.flatMap((output) => ["-o", output]), "."], { cwd })).trim();
  const at = (name: string): string => join(folder, name);
  const stored = JSON.parse(await succeeds(["inspect", "small:two"])) as { Id: string; Config: { Labels: unknown } }[];
  assert.deepEqual([stored[0]!.Id, stored[0]!.Config.Labels], [id, { small: "yes" }]);
  const fromOci = await config("oci-archive", `${at("oci.tar")}:two`);
  const fromDocker = await config("docker-archive", `${at("docker.tar")}:small:two`);
  assert.deepEqual(fromOci, fromDocker);
  const manifest = JSON.parse(tarOf(at("docker.tar"), "-xO", "manifest.json")) as { RepoTags: string[]; Layers: string[] }[];
  assert.deepEqual([manifest[0]!.RepoTags, manifest[0]!.Layers.length], [["small:1", "small:two"], 1]);
  const listed = tarOf(at("rootfs.tar"), "-tv").split("\n").filter(Boolean).map((line) => line.replace(/\s+\d{4}-\d\d-\d\d \d\d:\d\d/, "").replace(/\s+/g, " "));
  assert.deepEqual(listed, ["drwxr-xr-x 0/0 0 data/", "-rw-r----- 1000/33 5 data/file", "lrwxrwxrwx 0/0 0 data/link -> file"]);
  const { uid, gid, mode } = statSync(at("rootfs/data/file"));
  assert.deepEqual([uid, gid, mode & 0o7777, readFileSync(at("rootfs/data/file"), "utf8"), readlinkSync(at("rootfs/data/link"))], [0, 0, 0o640, "made\n", "file"], "as BuildKit has it, a local folder belongs to who builds");
});

test("standard output carries a tar or an image, and nothing else", { skip: skip || needs("skopeo") }, async (context) => {
  const { folder, root, context: files } = await startJourney(context);
  const cwd = files("small", SMALL);
  const piped = (output: string, name: string): string => {
    const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;
    const file = join(folder, name);
    writeFileSync(file, execFileSync(process.execPath, [launcher, "build", "-o", output, "."], { cwd, env: { ...process.env, SAMPAN_ROOT: root }, stdio: ["ignore", "pipe", "ignore"] }));
    return file;
  };
  assert.equal(tarOf(piped("-", "a.tar"), "-t"), "data/\ndata/file\ndata/link\n");
  assert.equal(tarOf(piped("type=tar,dest=-", "b.tar"), "-t"), "data/\ndata/file\ndata/link\n");
  for (const [type, transport] of [["oci", "oci-archive"], ["docker", "docker-archive"]] as const) {
    const { config: inner } = await config(transport, piped(`type=${type},dest=-`, `${type}.tar`)) as { config: { Labels: unknown } };
    assert.deepEqual(inner.Labels, { small: "yes" }, type);
  }
});

test("a path as output is a folder, which keeps what others put there", { skip }, async (context) => {
  const { succeeds, sampan, folder, context: files } = await startJourney(context);
  const cwd = files("small", SMALL);
  files("out", { "data/other": "stays", "data/file": "old and longer" });
  await succeeds(["build", "-o", "../out", "."], { cwd });
  assert.deepEqual(readdirSync(join(folder, "out/data")).sort(), ["file", "link", "other"]);
  assert.equal(readFileSync(join(folder, "out/data/file"), "utf8"), "made\n");
  assert.equal(await succeeds(["images", "-q", "--filter", "label=small"]), "", "it is no image");
  const missing = await sampan(["build", "-o", "type=oci,dest=nowhere/image.tar", "."], { cwd });
  assert.notEqual(missing.status, 0);
  assert.match(missing.stderr, /nowhere[^]*hint: /);
});

test("a whole root file system is exported with its devices, whiteouts applied", { skip }, async (context) => {
  const { succeeds, folder, context: files } = await startJourney(context);
  const cwd = files("whole", { Dockerfile: "FROM base:1\nRUN rm -r /var && mkfifo /pipe && mknod /null c 1 3 && chmod 4711 /bin/busybox && ln /bin/busybox /again\n" });
  await succeeds(["build", "-o", "type=tar,dest=../rootfs.tar", "-o", "type=local,dest=../rootfs", "."], { cwd });
  const at = (path: string): string => join(folder, "rootfs", path);
  assert.equal(existsSync(at("var")), false);
  assert.deepEqual([lstatSync(at("pipe")).isFIFO(), lstatSync(at("null")).isCharacterDevice(), lstatSync(at("bin/busybox")).mode & 0o7777], [true, true, 0o4711]);
  assert.equal(lstatSync(at("again")).ino, lstatSync(at("bin/busybox")).ino);
  const names = tarOf(join(folder, "rootfs.tar"), "-t").trim().split("\n");
  assert.deepEqual([names.includes("pipe"), names.includes("var/"), names.some((name) => name.includes(".wh."))], [true, false, false]);
});

test("--iidfile, --metadata-file and -q say what was made", { skip }, async (context) => {
  const { sampan, succeeds, folder, context: files } = await startJourney(context);
  const registry = await serveRegistry(context);
  const cwd = files("small", SMALL);
  const image = `${registry}/small:1`;
  const { status, stdout, stderr } = await sampan(["build", "-q", "-t", image, "--push", "--iidfile", "../iid", "--metadata-file", "../metadata.json", "."], { cwd });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  const id = readFileSync(join(folder, "iid"), "utf8");
  assert.match(id, /^sha256:[0-9a-f]{64}$/);
  assert.equal(stdout, `${id}\n`);
  const metadata = JSON.parse(readFileSync(join(folder, "metadata.json"), "utf8")) as Record<string, unknown>;
  assert.deepEqual([metadata["containerimage.config.digest"], metadata["image.name"]], [id, image]);
  const answer = await fetch(`http://${registry}/v2/small/manifests/1`, { headers: { Accept: "application/vnd.oci.image.manifest.v1+json" } });
  assert.equal(metadata["containerimage.digest"], answer.headers.get("docker-content-digest"));
  assert.equal(((await answer.json()) as { config: { digest: string } }).config.digest, id);

  const named = async (...words: string[]): Promise<unknown> => {
    await succeeds(["build", "--progress", "none", "--metadata-file", "../metadata.json", ...words, "."], { cwd });
    return (JSON.parse(readFileSync(join(folder, "metadata.json"), "utf8")) as Record<string, unknown>)["image.name"];
  };
  assert.equal(await named("-t", "a:1", "-o", "type=oci,dest=../a.tar,name=b:1"), "docker.io/library/b:1", "names that the output itself has");
  assert.equal(await named("-t", "a:1", "-o", "../files"), undefined, "files have no name");
  assert.equal(await succeeds(["build", "--progress", "quiet", "."], { cwd }), `${id}\n`);
  const env = (mode: string): { cwd: string; env: Record<string, string> } => ({ cwd, env: { BUILDKIT_PROGRESS: mode } });
  assert.match((await sampan(["build", "."], env("rawjson"))).stderr, /^\{"vertexes":/);
  assert.match((await sampan(["build", "--progress", "plain", "."], env("rawjson"))).stderr, /^#1 /);
  assert.match((await sampan(["build", "."], env("odd"))).stderr, /invalid progress mode "odd" in BUILDKIT_PROGRESS/);
  const files2 = await sampan(["build", "--iidfile", "../iid2", "-o", "../files", "."], { cwd });
  assert.match(files2.stderr, /local and tar outputs have no image id for --iidfile/);
  assert.equal(files2.status, 2);
  files("failing", { Dockerfile: "FROM scratch\nCOPY none /\n" });
  assert.equal((await sampan(["build", "--iidfile", "../iid", "../failing"], { cwd })).status, 1);
  assert.equal(existsSync(join(folder, "iid")), false, "the id of an earlier build");
});

test("-o type=cacheonly keeps the steps, and makes no image", { skip }, async (context) => {
  const { succeeds, sampan, folder, context: files } = await startJourney(context);
  const cwd = files("small", SMALL);
  const images = await succeeds(["images", "-aq"]);
  const { stdout, stderr, status } = await sampan(["build", "--progress", "plain", "-t", "small:1", "--iidfile", "../iid", "-o", "type=cacheonly", "--cache-to", "type=local,dest=../cache,mode=max", "."], { cwd });
  assert.deepEqual([status, stdout, readFileSync(join(folder, "iid"), "utf8"), await succeeds(["images", "-aq"])], [0, "", "", images], stderr);
  assert.match(stderr, /RUN mkdir \/out/);
  assert.doesNotMatch(stderr, /exporting layers|writing image|naming to/);
  assert.equal(existsSync(join(folder, "cache/index.json")), true);
  const again = await sampan(["build", "--progress", "plain", "-t", "small:1", "."], { cwd });
  assert.match(again.stderr, /COPY --from=maker \/out \/data\n#\d+ CACHED/);
});

test("--push stores and pushes, an output registry only pushes, and --load stores beside a file", { skip }, async (context) => {
  const { succeeds, sampan, folder, context: files } = await startJourney(context);
  const registry = await serveRegistry(context);
  const cwd = files("small", SMALL);
  const tags = async (): Promise<unknown> => (await (await fetch(`http://${registry}/v2/small/tags/list`)).json() as { tags: string[] }).tags;
  const stored = async (tag: string): Promise<boolean> => (await sampan(["inspect", `${registry}/small:${tag}`])).status === 0;
  await succeeds(["build", "-q", "-t", `${registry}/small:only`, "-o", "type=registry", "."], { cwd });
  assert.deepEqual([await tags(), await stored("only")], [["only"], false]);
  await succeeds(["build", "-q", "-t", `${registry}/small:a`, "-t", `${registry}/small:b`, "--push", "."], { cwd });
  assert.deepEqual([await tags(), await stored("a"), await stored("b")], [["a", "b", "only"], true, true]);
  await succeeds(["build", "-q", "-t", "loaded:1", "--load", "-o", "type=oci,dest=../oci.tar", "."], { cwd });
  assert.equal(existsSync(join(folder, "oci.tar")), true);
  assert.notEqual(await succeeds(["images", "-q", "loaded"]), "");
  const nameless = await sampan(["build", "--push", "."], { cwd });
  assert.notEqual(nameless.status, 0);
  assert.match(nameless.stderr, /hint: .*-t/);
});
