import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fleet, named, OTHER, OWN } from "../support/cargo.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { foreign } from "../support/foreign.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { startScriptedServer } from "../support/scripted-server.ts";

/** A registry that has tags of `up/app`, and another to mirror to; `sync` writes the file and reads it. */
async function start(context: TestContext, tags: readonly string[]) {
  /** What the mirror was asked. */
  const asked: string[] = [];
  const [upstream, mirror] = await Promise.all([scratchRegistry(context), scratchRegistry(context, { onRequest: ({ method, url }) => void asked.push(`${method} ${url}`) })]);
  const { folder, sampan } = scratchSampan(context);
  for (const tag of tags) await upstream.pushImage("up/app", tag, tag);
  const sync = async (file: string, ...flags: string[]): Promise<Finished> => {
    writeFileSync(join(folder, "mirror.yaml"), file.replaceAll("UP", upstream.address).replaceAll("MIRROR", mirror.address));
    return sampan(["sync", ...flags, "mirror.yaml"], { cwd: folder });
  };
  const mirrored = async (repository: string): Promise<string[]> => {
    const answer = await mirror.request("GET", `/v2/${repository}/tags/list`);
    return answer.status === 404 ? [] : (answer.json() as { tags: string[] }).tags;
  };
  return { upstream, mirror, asked, folder, sampan, sync, mirrored };
}

/** Times and sizes differ from run to run. */
const steady = (text: string): string => text.replace(/sent .*$/gm, "sent …");

test("only what differs is carried, the plan says why, and a dry run changes nothing", async (context) => {
  const { upstream, mirror, sync, mirrored } = await start(context, ["1.0", "1.1", "2.0", "2.1", "2.2", "latest", "edge", "2.3-rc.1"]);
  const file = `
sync:
  - source: UP/up/app
    target: MIRROR/copy/app
    tags: [latest]
    semver: ">=2"
    latest: 2
`;
  const head = `${upstream.address}/up/app -> ${mirror.address}/copy/app: 3 of 8 tags wanted`;
  const dry = await sync(file, "--dry-run");
  assert.deepEqual([dry.status, dry.stdout], [0, `${head}\n  copy    2.2     new\n  copy    2.1     new\n  copy    latest  new\ndry run: nothing was changed\n`], dry.stderr);
  assert.deepEqual(await mirrored("copy/app"), []);

  const first = await sync(file);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /^copied .*copy\/app:2\.2: sent \d/m);
  assert.match(first.stdout, /^3 copied, 0 as they should be; sent /m);
  assert.deepEqual(await mirrored("copy/app"), ["2.1", "2.2", "latest"]);
  assert.equal(steady((await sync(file)).stdout), `${head}\n0 copied, 3 as they should be; sent …\n`);

  await upstream.pushImage("up/app", "latest", "another");
  await upstream.pushImage("up/app", "3.0", "3.0");
  const next = await sync(file, "-n", "--explain");
  assert.match(next.stdout, /^ {2}copy {4}3\.0 +new$/m);
  assert.match(next.stdout, /^ {2}copy {4}latest +changed: sha256:[a-f0-9]{12} is now sha256:[a-f0-9]{12}$/m);
  assert.match(next.stdout, /^ {2}same {4}2\.2 +sha256:/m);
  assert.match(next.stdout, /^ {2}- +2\.1 +older than the newest 2$/m);
  assert.match(next.stdout, /^ {2}- +edge +is not named and is not in >=2$/m);
  const again = await sync(file, "--delete");
  assert.match(again.stdout, /^ {2}delete {2}2\.1 +older than the newest 2$/m);
  assert.match(again.stdout, /^2 copied, 1 deleted, 1 as they should be; sent/m);
  assert.deepEqual(await mirrored("copy/app"), ["2.2", "3.0", "latest"]);
});

test("a source whose tags are all named is not asked for its list, and each side is asked once for each tag", async (context) => {
  const asked: string[] = [];
  const forbidding = await scratchRegistry(context, { onRequest: ({ method, url }) => void asked.push(`${method} ${url}`) });
  const { sync, mirrored, folder, mirror, asked: target } = await start(context, []);
  for (const tag of ["1", "2", "3"]) await forbidding.pushImage("up/app", tag, tag);
  const entry = (tags: string): string => `sync: [{ source: "${forbidding.address}/up/app", target: MIRROR/copy, tags: ${tags} }]`;
  const heads = (log: readonly string[]): string[] => log.filter((line) => !line.endsWith(" /v2/")).sort();
  [asked.length, target.length] = [0, 0];
  const plan = await sync(entry('["1", "2", "2", "1"]'), "-n");
  assert.equal(plan.stdout, `${forbidding.address}/up/app -> ${mirror.address}/copy: 2 tags wanted\n  copy    1  new\n  copy    2  new\ndry run: nothing was changed\n`, plan.stderr);
  assert.deepEqual(heads(asked), ["HEAD /v2/up/app/manifests/1", "HEAD /v2/up/app/manifests/2"]);
  assert.deepEqual(heads(target), ["HEAD /v2/copy/manifests/1", "HEAD /v2/copy/manifests/2"]);
  assert.equal((await sync(entry('["1", "2"]'))).status, 0);
  [asked.length, target.length] = [0, 0];
  const again = await sync(entry('["1", "2"]'));
  assert.match(again.stdout, /^0 copied, 2 as they should be/m, again.stderr);
  assert.deepEqual(heads(asked), ["HEAD /v2/up/app/manifests/1", "HEAD /v2/up/app/manifests/2"]);
  assert.deepEqual(heads(target), ["HEAD /v2/copy/manifests/1", "HEAD /v2/copy/manifests/2"]);

  // One that is not there is an error, which does not stop the others; it is not taken away from the target either.
  const one = await sync(entry('["1", "2", "33"]').replace("]", "], exclude: \"1\""), "--delete", "--explain");
  assert.equal(one.status, 1);
  assert.match(one.stdout, /^ {2}failed {2}33 .*$/m);
  assert.match(one.stdout, /^ {2}delete {2}1 +excluded by 1$/m);
  assert.match(one.stderr, /up\/app:33.* not found[^]*3/, one.stderr);
  assert.deepEqual(await mirrored("copy"), ["2"]);

  // A repository that is not there is told once, and nothing is deleted.
  const none = await sync(entry('["1", "2"]').replace("up/app", "no/such"), "--delete");
  assert.deepEqual([none.status, none.stderr.match(/^ERROR/gm)?.length, await mirrored("copy")], [1, 1, ["2"]], none.stderr);
  assert.doesNotMatch(none.stdout, /failed {2}/);
  const layout = await sync(entry('["1", "2"]').replace("MIRROR/copy", "oci:layout"));
  assert.match(layout.stdout, /^2 copied, 0 as/m, layout.stderr);
  assert.match((await sync(entry('["1", "2"]').replace("MIRROR/copy", "oci:layout"))).stdout, /^0 copied, 2 as/m);
  assert.ok(readFileSync(join(folder, "layout/index.json"), "utf8").includes('"2"'));
});

test("a registry that refuses to list tags is mirrored by their names", async (context) => {
  const { sync, upstream, mirrored } = await start(context, ["1", "2"]);
  await using guarded = await startScriptedServer(async (request, response) => {
    if (request.url!.includes("/tags/list")) return void response.writeHead(403, { "content-type": "application/json" }).end('{"errors":[{"code":"DENIED","message":"no lists here"}]}');
    const answer = await upstream.request(request.method!, request.url!, { headers: { accept: request.headers.accept ?? "" } });
    response.writeHead(answer.status, answer.headers).end(request.method === "HEAD" ? undefined : answer.body);
  });
  const listed = await sync(`sync: [{ source: "${guarded.host}/up/app", target: MIRROR/copy }]`);
  assert.deepEqual([listed.status, await mirrored("copy")], [1, []]);
  assert.match(listed.stderr, /no lists here/);
  const named = await sync(`sync: [{ source: "${guarded.host}/up/app", target: MIRROR/copy, tags: ["1", "2"] }]`);
  assert.deepEqual([named.status, await mirrored("copy")], [0, ["1", "2"]], named.stderr);
});

test("what repositories share is sent to one of them, and the others of that registry take it from there", async (context) => {
  const { sync, upstream, asked } = await start(context, []);
  for (const name of ["up/a", "up/b"]) await upstream.pushImage(name, "1", "the same");
  const ended = await sync("sync: [{ source: UP/up/a, target: MIRROR/a }, { source: UP/up/b, target: MIRROR/b }]");
  assert.equal(ended.status, 0, ended.stderr);
  assert.equal(asked.filter((line) => /^PUT .*\/blobs\/uploads\//.test(line)).length, 2, asked.join("\n"));
  assert.equal(asked.filter((line) => /^POST .*[?]mount=/.test(line)).length, 2, asked.join("\n"));
  // Which of the two sends which of them is a matter of time.
  assert.match(ended.stdout, /^2 copied, 0 as they should be; sent .*, saved 64B, /m);
});

test("where no tag is wanted nothing is deleted, since that is rather a mistake", async (context) => {
  const { sync, mirrored } = await start(context, ["1"]);
  await sync("sync: [{ source: UP/up/app, target: MIRROR/copy/app }]");
  const wrong = await sync("sync: [{ source: UP/up/app, target: MIRROR/copy/app, tags: v* }]", "--delete");
  assert.deepEqual([wrong.status, await mirrored("copy/app")], [0, ["1"]]);
});

test("entries of one target delete what none of them wants, and nothing where one of them could not be asked", async (context) => {
  const { sync, mirrored } = await start(context, ["a1", "b1", "c1"]);
  await sync("sync: [{ source: UP/up/app, target: MIRROR/copy/app }]");
  const entries = "{ source: UP/up/app, target: MIRROR/copy/app, tags: a* }, { source: UP/up/app, target: MIRROR/copy/app, tags: b* }";
  const failed = await sync(`sync: [{ source: UP/no/such, target: MIRROR/copy/app }, ${entries}]`, "--delete");
  assert.deepEqual([failed.status, await mirrored("copy/app")], [1, ["a1", "b1", "c1"]]);
  const { status, stdout } = await sync(`sync: [${entries}]`, "--delete");
  assert.match(stdout, /^0 copied, 1 deleted, 2 as they should be/m);
  assert.deepEqual([status, await mirrored("copy/app")], [0, ["a1", "b1"]]);
});

test("what fails does not stop the rest, and makes the exit status 1; the results can be read by programs", async (context) => {
  const { sync, mirrored, upstream } = await start(context, ["1"]);
  const file = `
defaults: { platforms: [linux/s390x] }
sync:
  - { source: UP/no/such, target: MIRROR/a }
  - { source: UP/up/list, target: MIRROR/b }
  - { source: UP/up/app, target: MIRROR/c, platforms: all }
`;
  const blob = await upstream.pushImage("up/list", "x");
  await upstream.pushManifest("up/list", "index", {
    schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: blob.digest, size: (await upstream.request("GET", "/v2/up/list/manifests/x")).body.length, platform: { os: "linux", architecture: "amd64" } }],
  });
  const ended = await sync(file, "--json");
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, /repository no\/such not found/);
  assert.match(ended.stderr, /up\/list:index has no image for linux\/s390x/);
  const lines = ended.stdout.trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(lines.map(({ type, action, tag }) => [type, action, tag]), [
    ["plan", "failed", undefined], ["plan", "failed", "index"], ["plan", "copy", "x"], ["plan", "copy", "1"],
    // Targets are written side by side.
    ...lines.slice(4, 6).map(({ tag }) => ["result", "copy", tag]), ["end", undefined, undefined],
  ]);
  assert.deepEqual(lines.slice(4, 6).map(({ tag }) => tag).sort(), ["1", "x"]);
  assert.deepEqual([lines.at(-1)!["copied"], lines.at(-1)!["failed"]], [2, 2]);
  assert.deepEqual([await mirrored("b"), await mirrored("c")], [["x"], ["1"]]);
});

test("platforms and referrers are mirrored, later signatures too, to a registry without a referrers API", { skip: missing("docker-registry") || missing("skopeo") }, async (context) => {
  const { upstream, sync, folder, sampan } = await start(context, []);
  await using debian = await startDockerRegistry();
  const { cargo, index, own, signature, sbom } = fleet();
  cargo.layout(join(folder, "fleet"), [named(index, "v1")]);
  const up = `${upstream.address}/up/fleet`;
  assert.equal((await sampan(["copy", "--all", "oci:fleet:v1", `${up}:1`], { cwd: folder })).status, 0);
  const file = `
sync:
  - { source: UP/up/fleet, target: ${debian.host}/all, referrers: true }
  - { source: UP/up/fleet, target: ${debian.host}/one, platforms: ${OWN} }
  - { source: UP/up/fleet, target: "oci:layout", platforms: [${OWN}, ${OTHER}] }
`;
  const first = await sync(file);
  assert.equal(first.status, 0, first.stderr);
  const digest = async (place: string): Promise<string> => (await sampan(["digest", place], { cwd: folder })).stdout.trim();
  assert.deepEqual([await digest(`${debian.host}/all:1`), await digest(`${debian.host}/one:1`), await digest("oci:layout:1")], [index.digest, own.digest, index.digest]);
  assert.match((JSON.parse(await foreign("skopeo", ["inspect", "--override-arch", OWN.slice(6), "oci:layout:1"], { cwd: folder })) as { Digest: string }).Digest, /^sha256:/);
  assert.match((await sync(file)).stdout, /^0 copied, 3 as they should be/m);

  cargo.layout(join(folder, "signed"), [named(index, "v1"), signature, sbom]);
  await sampan(["copy", "--all", "--referrers", "oci:signed:v1", `${up}:1`], { cwd: folder });
  const plan = await sync(file, "-n");
  assert.match(plan.stdout, /^ {2}copy {4}1 {2}2 referrers missing$/m, plan.stderr);
  assert.match((await sync(file)).stdout, /^1 copied, 2 as they should be/m);
  assert.equal((await sampan(["referrers", "--format", "{{.Digest}}", `${debian.host}/all:1`])).stdout, `${signature.digest}\n`);
  assert.equal((await sampan(["referrers", "--format", "{{.Digest}}", "--platform", OWN, `${debian.host}/all:1`])).stdout, `${sbom.digest}\n`);
  assert.match((await sync(file)).stdout, /^0 copied, 3 as they should be/m);
  assert.ok(readFileSync(join(folder, "layout/index.json"), "utf8").includes(index.digest));
});

test("a file that is wrong is shown with its line, and nothing is done", async (context) => {
  const { sync, sampan, folder, mirrored } = await start(context, ["1"]);
  const ended = await sync("sync:\n  - source: UP/up/app\n    target: MIRROR/copy\n    tags: 1.20\n");
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, /^ERROR: mirror\.yaml: sync\[0\]\.tags: 1\.2 is a number here$/m);
  assert.match(ended.stderr, /mirror\.yaml:4\n-+[^]*>>> {5}tags: 1\.20/);
  assert.match(ended.stderr, /put it in quotes/);
  assert.deepEqual(await mirrored("copy"), []);
  writeFileSync(join(folder, "big.yaml"), Buffer.alloc(2_000_000, 32));
  for (const [file, message] of [["big.yaml", /more than 1048576 bytes/], ["none.yaml", /none\.yaml/], [".", /it is a directory/]] as const) {
    const refused = await sampan(["sync", file], { cwd: folder });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, message);
    assert.doesNotMatch(refused.stderr, /unexpected/);
  }
});
