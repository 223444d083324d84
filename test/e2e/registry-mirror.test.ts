import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { findProgram } from "../support/find-program.ts";
import { digestOf, scratchRegistry, type ScratchRegistry } from "../support/scratch-registry.ts";
import { registryError, reply, startScriptedServer, type Script } from "../support/scripted-server.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

interface Image {
  readonly manifest: Buffer;
  readonly digest: string;
  readonly layer: Buffer;
  readonly layerDigest: string;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

function image(layer: Buffer): Image {
  const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [digestOf(layer)] } }));
  const [configDigest, layerDigest] = [digestOf(config), digestOf(layer)];
  const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: configDigest, size: config.length },
    layers: [{ mediaType: LAYER, digest: layerDigest, size: layer.length }],
  }));
  return { manifest, digest: digestOf(manifest), layer, layerDigest, blobs: new Map([[configDigest, config], [layerDigest, layer]]) };
}

/** A registry whose repositories below `prefix` come from `upstream`. */
async function mirrorOf(context: TestContext, upstream: string, more = "", rest = "") {
  const folder = mkdtempSync(join(tmpdir(), "sampan-mirror-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "registry.yaml"), `proxy:\n  - {prefix: "up/", upstream: "http://${upstream}"${more}}\n${rest}`);
  return scratchRegistry(context, { config: join(folder, "registry.yaml") });
}

async function push(host: string, repository: string, tag: string, { manifest, blobs }: Image, authorization = ""): Promise<void> {
  const headers: Record<string, string> = authorization === "" ? {} : { authorization };
  for (const [digest, body] of blobs) {
    const opened = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: "POST", headers });
    assert.equal(opened.status, 202);
    const location = new URL(opened.headers.get("location")!, `http://${host}`);
    location.searchParams.set("digest", digest);
    const stored = await fetch(location, { method: "PUT", headers: { ...headers, "content-type": "application/octet-stream" }, body: new Uint8Array(body) });
    assert.equal(stored.status, 201, await stored.text());
  }
  const named = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { method: "PUT", headers: { ...headers, "content-type": MANIFEST }, body: new Uint8Array(manifest) });
  assert.equal(named.status, 201, await named.text());
}

const contentRequests = (requests: readonly { method: string; url: string }[]): string[] =>
  requests.filter(({ url }) => url !== "/v2/").map(({ method, url }) => `${method} ${url.replace(/^\/v2\//, "").replace(/sha256:[0-9a-f]+/, "DIGEST")}`).sort();

test("a hundred clients cost the upstream, which wants a login, one request for each manifest and blob; it is not needed afterwards", { skip: missing("docker-registry") || missing("htpasswd") }, async (context) => {
  const pushed = image(randomBytes(1_000_000));
  const upstream = await startDockerRegistry({ login: { username: "cache", password: "very-secret" } });
  let stopped = false;
  context.after(async () => stopped || upstream[Symbol.asyncDispose]());
  await push(upstream.host, "team/app", "1", pushed, `Basic ${Buffer.from("cache:very-secret").toString("base64")}`);
  const proxy = await startCountingProxy(context, upstream.host);
  const login = ", username: cache, password: very-secret";
  let registry = await mirrorOf(context, proxy.host, login);

  const pull = async (): Promise<void> => {
    const manifest = await registry.request("GET", "/v2/up/team/app/manifests/1");
    assert.equal(manifest.headers["docker-content-digest"], pushed.digest);
    assert.ok(manifest.body.equals(pushed.manifest));
    for (const [digest, bytes] of pushed.blobs) {
      const blob = await registry.request("GET", `/v2/up/team/app/blobs/${digest}`);
      assert.equal(blob.status, 200);
      assert.ok(blob.body.equals(bytes));
    }
  };
  await Promise.all(Array.from({ length: 100 }, pull));
  assert.deepEqual(contentRequests(proxy.requests), ["GET team/app/blobs/DIGEST", "GET team/app/blobs/DIGEST", "GET team/app/manifests/1"]);
  assert.deepEqual((await registry.request("GET", "/v2/up/team/app/tags/list")).json(), { name: "up/team/app", tags: ["1"] });

  registry = await mirrorOf(context, proxy.host, `${login}, ttl: 0`);
  await pull();
  proxy.requests.length = 0;
  await pull();
  assert.deepEqual(contentRequests(proxy.requests), ["HEAD team/app/manifests/1"], "an old tag is compared and not fetched");

  await upstream[Symbol.asyncDispose]();
  stopped = true;
  await pull();
  const cold = await registry.request("GET", "/v2/up/team/other/manifests/1");
  assert.equal(cold.status, 503, "nobody is asked");
  assert.ok(Number(cold.headers["retry-after"]) >= 1);
  assert.equal(cold.code(), "UPSTREAM_FAILED");
  for (const problem of registry.problems) assert.doesNotMatch(`${problem.message} ${problem.stack ?? ""}`, /very-secret/);
  assert.ok(registry.problems.some(({ message }) => message.includes("what is here is served")));
});

test("skopeo and crane pull through, a moved tag is followed, and nobody pushes", { skip: missing("docker-registry") || missing("skopeo") || missing("crane") }, async (context) => {
  await using upstream = await startDockerRegistry();
  await push(upstream.host, "app", "latest", image(Buffer.from("first")));
  const registry = await mirrorOf(context, upstream.host, ", ttl: 0");
  const folder = mkdtempSync(join(tmpdir(), "sampan-pulled-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const served = `${registry.address}/up/app:latest`;

  const copied = await runAside("skopeo", ["copy", "--src-tls-verify=false", `docker://${served}`, `dir:${folder}`]);
  assert.equal(copied.status, 0, copied.stderr);
  const second = image(Buffer.from("second"));
  await push(upstream.host, "app", "latest", second);
  const digest = await runAside("crane", ["digest", "--insecure", served]);
  assert.equal(digest.stdout.trim(), second.digest, digest.stderr);
  const refused = await runAside("crane", ["tag", "--insecure", served, "mine"]);
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /is a copy of a repository of another registry/);
  assert.equal((await registry.request("POST", "/v2/up/app/blobs/uploads/")).code(), "UNSUPPORTED");
  assert.equal((await registry.request("GET", `/v2/app/manifests/latest?ns=${upstream.host}`)).headers["docker-content-digest"], second.digest, "containerd names the registry in ns");
});

/** The registry is in this process, so its clients must not hold it up. */
async function runAside(program: string, words: readonly string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(findProgram(program)!, words, { encoding: "utf8", timeout: 30_000 }, (_, stdout, stderr) => resolve({ status: child.exitCode, stdout, stderr }));
  });
}

/** An upstream with one image, `app:1`, that a script may spoil. */
async function spoiltUpstream(context: TestContext, { manifest, digest, blobs }: Image, spoil: (request: Parameters<Script>[0], response: Parameters<Script>[1], count: number) => boolean) {
  const counts = new Map<string, number>();
  const server = await startScriptedServer((request, response) => {
    const count = (counts.get(request.url) ?? 0) + 1;
    counts.set(request.url, count);
    if (request.url === "/v2/") return reply(response, 200);
    if (spoil(request, response, count)) return;
    if (request.url.endsWith("/app/manifests/1")) return reply(response, 200, { "content-type": MANIFEST, "docker-content-digest": digest }, request.method === "HEAD" ? "" : manifest);
    const blob = blobs.get(request.url.split("/").at(-1)!);
    if (blob) return reply(response, 200, {}, blob);
    reply(response, 404, { "content-type": "application/json" }, registryError("MANIFEST_UNKNOWN", "nothing here"));
  });
  context.after(() => server[Symbol.asyncDispose]());
  return server;
}

/** What came of a body until it ended or broke. */
function download(registry: ScratchRegistry, path: string): Promise<{ bytes: number; whole: boolean }> {
  return new Promise((resolve, reject) => {
    httpRequest({ host: "127.0.0.1", port: registry.port, path, agent: false }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => { bytes += chunk.length; }).on("error", () => undefined);
      answer.on("close", () => resolve({ bytes, whole: answer.complete }));
    }).on("error", reject).end();
  });
}

const stored = (registry: ScratchRegistry): string[] => [...readdirSync(join(registry.root, "blobs/sha256")), ...readdirSync(join(registry.root, "temporary"))];

test("bytes with another digest break the client's connection and are not kept; what breaks off is continued", async (context) => {
  const pushed = image(randomBytes(2_000_000));
  let damaged = true;
  const upstream = await spoiltUpstream(context, pushed, ({ url, headers }, response, count) => {
    if (!url.endsWith(pushed.layerDigest)) return false;
    if (damaged) {
      reply(response, 200, {}, Buffer.concat([pushed.layer.subarray(0, -1), Buffer.from([pushed.layer.at(-1)! ^ 1])]));
      return true;
    }
    const start = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": pushed.layer.length - start, ...(start > 0 ? { "content-range": `bytes ${start}-${pushed.layer.length - 1}/${pushed.layer.length}` } : {}) });
    if (count % 2 === 0) response.write(pushed.layer.subarray(start, start + 700_000), () => setTimeout(() => response.destroy(), 50));
    else response.end(pushed.layer.subarray(start));
    return true;
  });
  const registry = await mirrorOf(context, upstream.host);
  assert.equal((await registry.request("GET", "/v2/up/app/manifests/1")).status, 200);
  const path = `/v2/up/app/blobs/${pushed.layerDigest}`;
  for (const { bytes, whole } of await Promise.all([download(registry, path), download(registry, path)])) {
    assert.equal(whole, false);
    assert.ok(bytes < pushed.layer.length, `${bytes} bytes`);
  }
  assert.deepEqual(stored(registry), []);
  assert.equal(contentRequests(upstream.requests).filter((line) => line.includes("blobs")).length, 1);
  damaged = false;
  const mended = await registry.request("GET", path);
  assert.equal(createHash("sha256").update(mended.body).digest("hex"), pushed.layerDigest.slice(7));
  assert.deepEqual(stored(registry), [pushed.layerDigest.slice(7)]);
  assert.ok(upstream.requests.some(({ headers }) => headers.range !== undefined), "it was continued");
  assert.equal((await registry.request("GET", path, { headers: { range: "bytes=5-9" } })).body.length, 5);
});

test("a limit of the upstream is kept: what is here is served, what is not is refused until the time is over", async (context) => {
  const pushed = image(Buffer.from("layer"));
  let limited = false;
  const upstream = await spoiltUpstream(context, pushed, (_, response) => {
    if (!limited) return false;
    reply(response, 429, { "retry-after": "30", "content-type": "application/json" }, registryError("TOOMANYREQUESTS", "slow down"));
    return true;
  });
  const registry = await mirrorOf(context, upstream.host, ", ttl: 0");
  assert.equal((await registry.request("GET", "/v2/up/app/manifests/1")).status, 200);
  limited = true;
  for (let round = 0; round < 3; round += 1) assert.equal((await registry.request("GET", "/v2/up/app/manifests/1")).headers["docker-content-digest"], pushed.digest);
  const before = upstream.requests.length;
  const refused = await registry.request("GET", "/v2/up/other/manifests/1");
  assert.equal(refused.status, 429);
  assert.equal(refused.code(), "TOOMANYREQUESTS");
  assert.ok(Number(refused.headers["retry-after"]) > 20 && Number(refused.headers["retry-after"]) <= 30);
  assert.equal(upstream.requests.length, before, "it is not asked meanwhile");
});

test("an upstream that fails is left alone: stale images are served, others refused with a reason, and one request finds out when it is well again", async (context) => {
  const pushed = image(Buffer.from("layer"));
  let broken = false;
  const upstream = await spoiltUpstream(context, pushed, (_, response) => {
    if (broken) reply(response, 500, { "content-type": "application/json" }, registryError("UNKNOWN", "the disk is full"));
    return broken;
  });
  const registry = await mirrorOf(context, upstream.host, ", ttl: 0");
  const status = async (path: string) => {
    const answer = await registry.request("GET", path);
    return [answer.status, answer.status === 200 ? "" : answer.code()];
  };
  const here = "/v2/up/app/manifests/1";
  assert.deepEqual(await status(here), [200, ""]);
  broken = true;
  assert.deepEqual(await status("/v2/up/app/manifests/broken"), [502, "UPSTREAM_FAILED"]);
  const asked = upstream.requests.length;
  const again = await registry.request("GET", "/v2/up/app/manifests/broken");
  assert.deepEqual([again.status, again.headers["retry-after"], upstream.requests.length], [502, "5", asked], "the same is not asked for again");
  // One that fails may be one image; three in a row are the registry.
  for (const name of ["second", "third"]) assert.deepEqual(await status(`/v2/up/app/manifests/${name}`), [502, "UPSTREAM_FAILED"]);
  const known = upstream.requests.length;
  assert.deepEqual(await status(here), [200, ""]);
  const refused = await registry.request("GET", "/v2/up/app/manifests/fourth");
  assert.equal(refused.status, 503);
  assert.match(refused.body.toString(), /is not asked for \d seconds?, since it failed: registry [^ ]+ failed with status 500/);
  assert.ok(Number(refused.headers["retry-after"]) >= 1 && Number(refused.headers["retry-after"]) <= 5);
  assert.equal(upstream.requests.length, known, "nobody is asked");
  const metrics = (await registry.request("GET", "/metrics")).body.toString();
  for (const line of [`sampan_proxy_paused{upstream="${upstream.host}"} 1`, `sampan_proxy_pauses_total{upstream="${upstream.host}"} 1`, `sampan_proxy_failures_total{upstream="${upstream.host}"} 3`]) assert.ok(metrics.includes(line), line);
  const ready = await registry.request("GET", "/readyz?verbose");
  const { ready: writable, upstreams: [{ reason, until, ...state }] } = ready.json() as { ready: boolean; upstreams: [{ reason: string; until: string }] };
  assert.deepEqual([ready.status, writable, state], [200, true, { host: upstream.host, paused: true, failures: 3, pauses: 1 }]);
  assert.match(reason, /failed with status 500/);
  assert.ok(Date.parse(until) > Date.now() - 5000 && Date.parse(until) < Date.now() + 5000, until);
  broken = false;
  for (let attempt = 0; (await status("/v2/up/app/manifests/fourth"))[0] !== 404; attempt += 1) {
    assert.ok(attempt < 200, "it is asked again");
    await wait(100);
  }
  assert.deepEqual(await status(here), [200, ""]);
  assert.ok(registry.problems.some(({ message }) => message === `the registry ${upstream.host} answers again`));
});

test("what is not there is remembered for a while, and a tag that is deleted there goes here", async (context) => {
  const pushed = image(Buffer.from("layer"));
  let gone = false;
  const upstream = await spoiltUpstream(context, pushed, ({ url }, response) => {
    if (!gone || !url.includes("/manifests/")) return false;
    reply(response, 404, { "content-type": "application/json" }, registryError("MANIFEST_UNKNOWN", "gone"));
    return true;
  });
  const registry = await mirrorOf(context, upstream.host, ", ttl: 0, negative: 1s");
  const absent = async (path: string): Promise<void> => {
    const answer = await registry.request("GET", path);
    assert.equal(answer.status, 404);
    assert.equal(answer.code(), "MANIFEST_UNKNOWN");
  };
  for (let round = 0; round < 5; round += 1) await absent("/v2/up/app/manifests/none");
  const asked = (): number => upstream.requests.filter(({ url }) => url === "/v2/app/manifests/none").length;
  assert.equal(asked(), 1);
  await wait(1100);
  await absent("/v2/up/app/manifests/none");
  assert.equal(asked(), 2);
  assert.equal((await registry.request("GET", "/v2/up/app/manifests/1")).status, 200);
  gone = true;
  await absent("/v2/up/app/manifests/1");
  assert.equal((await registry.request("GET", `/v2/up/app/manifests/${pushed.digest}`)).status, 200, "whoever knows the digest still gets it");
});

test("what nobody pulls goes after its time", async (context) => {
  const pushed = image(Buffer.from("layer"));
  const upstream = await spoiltUpstream(context, pushed, () => false);
  const registry = await mirrorOf(context, upstream.host, ", keep: 500ms", "gc: {grace: 100ms, interval: 300ms}\n");
  assert.equal((await registry.request("GET", "/v2/up/app/manifests/1")).status, 200);
  assert.equal((await registry.request("GET", `/v2/up/app/blobs/${pushed.layerDigest}`)).status, 200);
  for (let attempt = 0; stored(registry).length > 0; attempt += 1) {
    assert.ok(attempt < 200, "nothing went in 20 s");
    await wait(100);
  }
  assert.equal((await registry.request("GET", `/v2/up/app/manifests/1`)).status, 200, "and comes again when it is asked for");
  assert.deepEqual(registry.problems, []);
});

test("pulling through needs the right to pull under the name here", async (context) => {
  const upstream = await spoiltUpstream(context, image(Buffer.from("layer")), () => false);
  const registry = await mirrorOf(context, upstream.host, "", "access: {grants: [{who: anonymous, role: reader, repositories: 'public/**'}]}\n");
  assert.equal((await registry.request("GET", "/v2/up/app/manifests/1")).status, 401);
  assert.equal((await registry.request("GET", `/v2/app/manifests/1?ns=${upstream.host}`)).status, 401);
  assert.deepEqual(upstream.requests, []);
});
