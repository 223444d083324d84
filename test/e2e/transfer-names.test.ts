import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { sampanWithBase } from "../support/sampan-base.ts";
import { noBuilds } from "../support/scratch-build.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";

const SUMMARY = /^(sha256:[a-f0-9]{64}): (\S+) (sent|received), (\S+) saved by reuse, \d+\.\ds\n$/;
const json = (text: string): Record<string, unknown>[] => text.trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);

test("push takes several names, and what is wrong with one does not keep the others back", { skip: noBusybox }, async (context) => {
  const registry = await scratchRegistry(context);
  const at = (name: string): string => `${registry.address}/${name}`;
  const { sampan } = await sampanWithBase(context, { names: [at("team/base:1"), at("team/base:2"), at("other:3")] });
  const { status, stdout, stderr } = await sampan(["push", at("team/base:1"), at("missing:1"), at("other:3")]);
  assert.equal(status, 1);
  assert.match(stderr, /No such image: .*missing:1/);
  assert.deepEqual([...stdout.matchAll(/^(?:The push refers to repository \[(.*)\]|(\d): digest: .*)$/gm)].map(([, repository, tag]) => repository ?? tag), [at("team/base"), "1", at("missing"), at("other"), "3"]);
  for (const name of ["team/base/manifests/1", "other/manifests/3"]) assert.equal((await registry.request("GET", `/v2/${name}`)).status, 200);

  // As other tools take a source and a target.
  assert.match((await sampan(["push", at("other:3"), at("other:4")])).stderr, /No such image: \S+other:4\nhint: both words are names of images here.*`sampan copy store:\S+other:3 \S+other:4`/);
  assert.match((await sampan(["copy", "docker-archive:/none.tar", at("other:4")])).stderr, /^ERROR: \/none\.tar: no such file or directory\n[^]*hint: `sampan save -o FILE` and `docker save -o FILE` write an archive/);

  assert.equal((await sampan(["push", "-q", "-a", at("team/base")])).stdout, `${at("team/base")}\n`);
  assert.deepEqual((await registry.request("GET", "/v2/team/base/tags/list")).json(), { name: "team/base", tags: ["1", "2"] });
  for (const words of [["push", "-a", at("team/base:1")], ["pull", "-a", at("team/base:1")], ["push", "-q", "--json", at("other:3")]]) assert.equal((await sampan(words)).status, 2, words.join(" "));
});

test("a blob that a sister repository is known to hold is mounted, after pushes and pulls alike", { skip: noBusybox }, async (context) => {
  const registry = await scratchRegistry(context);
  const proxy = await startCountingProxy(context, registry.address);
  const at = (name: string): string => `${proxy.host}/${name}`;
  const { sampan, layer } = await sampanWithBase(context, { names: [at("team/base:1"), at("team/app:1")] });
  const pushed = await sampan(["push", at("team/base:1"), at("team/app:1")]);
  assert.match(pushed.stdout, /: Mounted from another repository$/m, pushed.stderr);
  const puller = scratchSampan(context);
  assert.equal((await puller.sampan(["pull", at("team/app:1")])).status, 0);
  assert.equal((await puller.sampan(["tag", at("team/app:1"), at("team/third:1")])).status, 0);
  proxy.release();
  const { stdout } = await puller.sampan(["push", "--json", at("team/third:1")]);
  const mounts = proxy.requests.filter(({ method, url }) => method === "POST" && url.includes("mount="));
  assert.ok(mounts.length === 2 && mounts.every(({ url, status }) => url.includes(`from=${encodeURIComponent("team/app")}`) && status === 201));
  assert.equal(proxy.requests.reduce((sum, { sent }) => sum + sent, 0), json(stdout).at(-1)!["bytesSent"], "only the manifest was sent");
  assert.deepEqual(json(stdout).filter((line) => line["layer"] === layer).map((line) => line["state"]), ["mounted"]);
});

test("pull --all-tags brings every tag in docker's words, and tells those that it cannot bring", { skip: noBusybox }, async (context) => {
  const registry = await scratchRegistry(context);
  const repository = `${registry.address}/team/base`;
  const { sampan } = await sampanWithBase(context, { names: [`${repository}:1`, `${repository}:2`] });
  assert.equal((await sampan(["push", "-a", repository])).status, 0);
  const puller = scratchSampan(context);
  const pulled = await puller.sampan(["pull", "--all-tags", repository]);
  assert.equal(pulled.status, 0, pulled.stderr);
  assert.match(pulled.stdout, new RegExp(`^1: Pulling from team/base\n(?:[a-f0-9]{12}: Pull complete\n)+Digest: (sha256:[a-f0-9]{64})\n2: Pulling from team/base\n(?:[a-f0-9]{12}: Already exists\n)+Digest: \\1\nStatus: Downloaded newer image for ${repository}\n${repository}\n$`));
  assert.match((await puller.sampan(["images", "--format", "{{.Tag}}", repository])).stdout, /^[12]\n[12]\n$/);
  assert.match((await puller.sampan(["pull", "-a", repository])).stdout, /Status: Image is up to date for/);
  // The same image under another name, and with its layers packed in another way.
  assert.equal((await sampan(["tag", `${repository}:1`, `${repository}:3`])).status, 0);
  assert.equal((await sampan(["push", `${repository}:3`])).status, 0);
  assert.equal((await sampan(["push", "--compression", "zstd", "--force-compression", `${repository}:2`])).status, 0);
  for (const words of [[`${repository}:3`], [`${repository}:2`]]) {
    assert.match((await puller.sampan(["pull", ...words])).stdout, /Status: Downloaded newer image for/);
    assert.match((await puller.sampan(["pull", ...words])).stdout, /Status: Image is up to date for/);
  }
  assert.match((await puller.sampan(["pull", "-a", repository])).stdout, /Status: Image is up to date for/);

  await registry.pushManifest("team/base", "signature", { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] });
  const again = await puller.sampan(["pull", "-q", "-a", repository]);
  assert.deepEqual([again.status, again.stdout], [1, `${repository}\n`]);
  assert.match(again.stderr, /signature has no image for/);
});

test("the last line tells what was carried, on standard error, and --quiet leaves it away", { skip: noBusybox }, async (context) => {
  const registry = await scratchRegistry(context);
  const name = `${registry.address}/team/base:1`;
  const { sampan } = await sampanWithBase(context, { names: [name] });
  const first = await sampan(["push", name]);
  const digest = /digest: (\S+)/.exec(first.stdout)![1];
  assert.deepEqual(SUMMARY.exec(first.stderr)?.slice(1, 4).filter((_, position) => position !== 1), [digest, "sent"]);
  const second = await sampan(["push", name]);
  assert.match(SUMMARY.exec(second.stderr)![4]!, /MB$/);
  assert.equal(SUMMARY.exec((await scratchSampan(context).sampan(["pull", name])).stderr)?.[3], "received");
  for (const words of [["push", "-q", name], ["pull", "-q", name]]) assert.equal((await sampan(words)).stderr, "");
});

test("--json is a stream of objects, one for each layer's state and one for the result", { skip: noBusybox }, async (context) => {
  const registry = await scratchRegistry(context);
  const name = `${registry.address}/team/base:1`;
  const { sampan, layer } = await sampanWithBase(context, { names: [name] });
  const pushed = await sampan(["push", "--json", name]);
  assert.deepEqual([pushed.status, pushed.stderr], [0, ""]);
  const lines = json(pushed.stdout);
  const result = lines.pop()!;
  assert.deepEqual(Object.keys(result), ["reference", "digest", "bytesSent", "bytesSaved", "seconds"]);
  assert.equal(result["reference"], name);
  for (const line of lines) assert.deepEqual(Object.keys(line), ["layer", "state", "current", "total", "rate"]);
  const last = new Map(lines.map((line) => [line["layer"], line]));
  assert.deepEqual([...last].map(([one, { state }]) => [one, state]), [[layer, "done"]], "the config is no layer");
  assert.equal(last.get(layer)!["current"], last.get(layer)!["total"]);

  const again = json((await sampan(["push", "--json", name])).stdout);
  assert.equal(again.at(-1)!["digest"], result["digest"]);
  assert.ok(again.slice(0, -1).every((line) => line["state"] === "exists"));
  assert.equal(Number(again.at(-1)!["bytesSent"]) + Number(again.at(-1)!["bytesSaved"]), Number(result["bytesSent"]) + Number(result["bytesSaved"]));

  const pulled = json((await scratchSampan(context).sampan(["pull", "--json", name])).stdout);
  assert.deepEqual(Object.keys(pulled.at(-1)!), ["reference", "digest", "bytesReceived", "bytesSaved", "seconds"]);
  assert.equal(pulled.at(-1)!["digest"], result["digest"]);
});

test("an image that has lost a blob in its registry is repaired by what its pull tells to do", { skip: missing("docker-registry") || noBuilds }, async (context) => {
  const { folder, sampan } = scratchSampan(context);
  const root = join(folder, "registry");
  await using registry = await startDockerRegistry({ root });
  const name = `${registry.host}/app:1`;
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "Dockerfile"), "FROM scratch\nCOPY data /data\n");
  writeFileSync(join(project, "data"), "data");
  const succeeds = async (...words: string[]): Promise<{ stdout: string; stderr: string }> => {
    const finished = await sampan(words);
    assert.equal(finished.status, 0, finished.stderr);
    return finished;
  };
  await succeeds("build", "-q", "-t", name, "--push", project);
  const [layer] = (JSON.parse((await succeeds("manifest", "get", name)).stdout) as { layers: { digest: string }[] }).layers;
  const lose = (): void => {
    const lost = join(root, "docker/registry/v2/blobs/sha256", layer!.digest.slice(7, 9), layer!.digest.slice(7));
    assert.ok(existsSync(lost));
    rmSync(lost, { recursive: true });
  };
  const pulled = async (): Promise<[number | null, string]> => {
    const { status, stderr } = await scratchSampan(context).sampan(["pull", "-q", name]);
    return [status, stderr];
  };
  lose();
  const [status, told] = await pulled();
  assert.equal(status, 1);
  assert.match(told, new RegExp(`blob ${layer!.digest} is missing in app on \\S+\nhint: .*\`sampan push --force-recursive\` sends what is missing, as \`sampan build --push\` .* \`sampan copy --force-recursive\` do`));
  await succeeds("push", name);
  assert.deepEqual(await pulled(), [0, ""]);
  lose();
  // This registry refuses the manifest, which a copy passes over no more.
  assert.match((await succeeds("copy", `store:${name}`, name)).stderr, new RegExp(`^${layer!.digest.slice(7, 19)}: Copied$`, "m"));
  assert.deepEqual(await pulled(), [0, ""]);
  assert.doesNotMatch((await succeeds("copy", `store:${name}`, name)).stderr, /Already exists/);
  assert.match((await succeeds("copy", "--force-recursive", `store:${name}`, name)).stderr, new RegExp(`^${layer!.digest.slice(7, 19)}: Already exists$`, "m"));
});
