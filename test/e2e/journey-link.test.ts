import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { needs } from "../support/foreign.ts";
import { startJourney } from "../support/journey.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const skip = noBusybox || needs();
const FILES = { "src/a": "a\n", "src/b": "b\n" };

interface Manifest { readonly config: { readonly digest: string }; readonly layers: readonly { readonly digest: string }[] }

/** Two versions of a base image in a registry, and a store that knows neither. */
async function twoBases(context: TestContext) {
  const journey = await startJourney(context);
  const proxy = await startCountingProxy(context, await serveRegistry(context));
  const base = journey.context("base", { Dockerfile: "FROM base:1\nARG V\nRUN mkdir -m 700 /app && echo $V > /app/version\n" });
  for (const version of ["1", "2"]) await journey.succeeds(["build", "--build-arg", `V=${version}`, "-t", `${proxy.host}/base:${version}`, "--push", base]);
  const env = { SAMPAN_ROOT: join(journey.folder, "other-store") };
  const other = (words: readonly string[]): Promise<string> => journey.succeeds(words, { env });
  const manifest = async (name: string): Promise<Manifest> => JSON.parse(await other(["manifest", "get", `${proxy.host}/${name}`])) as Manifest;
  const build = async (version: string, ...words: string[]): Promise<string> => {
    const folder = journey.context("project", { ...FILES, Dockerfile: `FROM ${proxy.host}/base:${version}\nCOPY --link src /app/src\nENV A=b\n` });
    return (await journey.sampan(["build", "--progress", "plain", "--explain", ...words, folder], { env })).stderr;
  };
  return { ...journey, proxy, env, other, manifest, build };
}

test("a linked layer is the same on another base, is not made again, and the base's layers are not fetched", { skip }, async (context) => {
  const { proxy, other, manifest, build } = await twoBases(context);
  const first = await build("1", "-t", `${proxy.host}/app:1`, "--push");
  assert.match(first, /why: it has not run before/);
  const second = await build("2", "-t", `${proxy.host}/app:2`, "--push");
  assert.match(second, /\[2\/2\] COPY --link src \/app\/src\n#\d+ why: the 2 files that it reads are the same\n#\d+ CACHED/);
  assert.doesNotMatch(second, /LINK COPY/, "nothing needs the files together");
  const [one, two, base] = await Promise.all(["app:1", "app:2", "base:2"].map(manifest));
  assert.equal(two!.layers.at(-1)!.digest, one!.layers.at(-1)!.digest);
  assert.deepEqual(two!.layers.slice(0, -1), base!.layers);
  const fetched = proxy.requests.filter(({ method, url, received }) => method === "GET" && received > 0 && base!.layers.some(({ digest }) => url.includes(digest)));
  assert.deepEqual(fetched.map(({ url }) => url), []);
  assert.equal(await other(["run", "--rm", `${proxy.host}/app:2`, "cat", "/app/version", "/app/src/a"]), "2\na\n", "from where it was pushed to");
});

test("an image whose push fails is in the store with all its layers", { skip }, async (context) => {
  const { proxy, folder, other, build } = await twoBases(context);
  assert.match(await build("1", "-t", "127.0.0.1:1/app:1", "--push"), /ERROR/);
  await other(["tag", "127.0.0.1:1/app:1", `${proxy.host}/app:1`]);
  await other(["push", `${proxy.host}/app:1`]);
  await other(["save", "-o", join(folder, "saved.tar"), `${proxy.host}/app:1`]);
});

test("a linked image in the store runs, is a base, and is pushed and saved as it was built", { skip }, async (context) => {
  const { proxy, folder, context: files, other, manifest, build, env, sampan } = await twoBases(context);
  assert.match(await build("2", "-t", "app:1", "-t", `${proxy.host}/app:1`), /LINK COPY --link src/);
  const seen = await other(["run", "--rm", "app:1", "sh", "-c", "cat /app/version /app/src/*; stat -c %a /app"]);
  assert.equal(seen, "2\na\nb\n755\n", "the mode of a folder of the linked layer wins");
  await other(["push", `${proxy.host}/app:1`]);
  const [{ rootfs }] = JSON.parse(await other(["inspect", "app:1", "--format", "[{\"rootfs\":{{json .RootFS}}}]"])) as [{ rootfs: { Layers: string[] } }];
  const archive = join(folder, "saved.tar");
  await other(["save", "-o", archive, "app:1"]);
  const saved = JSON.parse(execFileSync("tar", ["-xOf", archive, "manifest.json"], { encoding: "utf8" })) as { Layers: string[] }[];
  assert.equal(saved[0]!.Layers.length, rootfs.Layers.length);
  const listed = execFileSync("tar", ["-xOf", archive, saved[0]!.Layers.at(-1)!], { maxBuffer: 1e7 });
  writeFileSync(join(folder, "layer.tar"), listed);
  assert.equal(execFileSync("tar", ["-tf", join(folder, "layer.tar")], { encoding: "utf8" }), "app/\napp/src/\napp/src/a\napp/src/b\n");
  assert.equal((await manifest("app:1")).layers.length, rootfs.Layers.length);
  const child = files("child", { Dockerfile: "FROM app:1\nCOPY --link Dockerfile /app/src/c\nRUN cat /app/src/a /app/version > /all\n" });
  assert.equal((await sampan(["build", "-t", "child:1", child], { env })).status, 0);
  assert.equal(await other(["run", "--rm", "child:1", "cat", "/all"]), "a\n2\n");
  assert.match(await other(["store", "check"]), /all is well/);
});

test("a build without any file of its own can be pushed and run from the store", { skip }, async (context) => {
  const { proxy, context: files, other, manifest } = await twoBases(context);
  const folder = files("metadata", { Dockerfile: `FROM ${proxy.host}/base:1\nENV A=b\n` });
  await other(["build", "-t", `${proxy.host}/metadata:1`, folder]);
  assert.equal(await other(["run", "--rm", `${proxy.host}/metadata:1`, "sh", "-c", "echo $A; cat /app/version"]), "b\n1\n");
  await other(["push", `${proxy.host}/metadata:1`]);
  assert.deepEqual((await manifest("metadata:1")).layers, (await manifest("base:1")).layers);
});

test("archives and folders of a linked image hold the base's files too", { skip }, async (context) => {
  const { folder, other, build } = await twoBases(context);
  const [oci, docker, out] = ["oci.tar", "docker.tar", "out"].map((name) => join(folder, name)) as [string, string, string];
  await build("1", "-o", `type=oci,dest=${oci}`, "-o", `type=docker,dest=${docker}`);
  await other(["load", "-i", docker]);
  const index = JSON.parse(execFileSync("tar", ["-xOf", oci, "index.json"], { encoding: "utf8" })) as { manifests: { digest: string }[] };
  const { layers } = JSON.parse(execFileSync("tar", ["-xOf", oci, `blobs/${index.manifests[0]!.digest.replace(":", "/")}`], { encoding: "utf8" })) as Manifest;
  const names = execFileSync("tar", ["-tf", oci], { encoding: "utf8" });
  for (const { digest } of layers) assert.ok(names.includes(digest.slice(7)), digest);
  await build("2", "-o", out);
  assert.equal(readFileSync(join(out, "app/version"), "utf8") + readFileSync(join(out, "app/src/b"), "utf8"), "2\nb\n");
});
