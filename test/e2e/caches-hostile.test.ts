import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { sha256, type Digest } from "../../src/oci/digest.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { cacheMachines, PROJECT, steps, type CacheMachines } from "../support/cache-machines.ts";
import { needs } from "../support/foreign.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { tarOf } from "../support/tar-of.ts";

const skip = noBusybox || needs();
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

interface Described { mediaType: string; digest: Digest; size: number }
interface Layer extends Described { diffId: Digest; parent?: number }
interface Config { version: number; layers: Layer[]; records: { keys: Digest[]; result: Digest; created: number; layer?: number }[] }

/** Writes the cache of `cache/app:main` under another tag, changed. */
async function forged({ registry, host }: CacheMachines, tag: string, change: (config: Config, push: (bytes: Buffer) => Promise<Described>) => unknown): Promise<string> {
  const manifest = (await registry.request("GET", "/v2/cache/app/manifests/main", { headers: { accept: MANIFEST } })).json() as { config: Described; layers: Described[] };
  const config = (await registry.request("GET", `/v2/cache/app/blobs/${manifest.config.digest}`)).json() as Config;
  const push = async (bytes: Buffer): Promise<Described> => {
    const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: await registry.pushBlob("cache/app", bytes), size: bytes.length };
    manifest.layers.push(layer);
    return layer;
  };
  const bytes = Buffer.from(JSON.stringify((await change(config, push)) ?? config));
  const digest = await registry.pushBlob("cache/app", bytes);
  const put = await registry.pushManifest("cache/app", tag, { ...manifest, config: { ...manifest.config, digest, size: bytes.length } });
  assert.equal(put.status, 201, put.body.toString());
  return `${host}/cache/app:${tag}`;
}

async function warmMachines(context: Parameters<typeof cacheMachines>[0]): Promise<CacheMachines> {
  const machines = await cacheMachines(context);
  await machines.machine("first").build(["-t", "app:1", "--cache-to", `type=registry,ref=${machines.host}/cache/app:main,mode=max`]);
  return machines;
}

test("caches that are no caches, or not whole, are passed over with a warning", { skip }, async (context) => {
  const machines = await warmMachines(context);
  const { host, registry } = machines;
  const cases: [string, RegExp][] = [
    [await forged(machines, "version", (config) => ({ ...config, version: 2 })), /its version is 2/],
    [await forged(machines, "circle", (config) => { config.layers[0]!.parent = 0; }), /layers\[0\]\.parent/],
    [await forged(machines, "outside", (config) => { config.records[0]!.layer = 99; }), /a layer that is not there/],
    [await forged(machines, "digest", (config) => { config.layers[0]!.digest = "sha256:../../x" as Digest; }), /layers\[0\]\.digest/],
    [await forged(machines, "size", (config) => { config.layers[0]!.size = 2 ** 52; }), /layers\[0\]\.size/],
    [await forged(machines, "list", () => []), /not a JSON object/],
    [await forged(machines, "large", () => ({ filler: "x".repeat(9_000_000) })), /8388608/],
    [`${host}/cache/app:nothing`, /not found/],
    [`127.0.0.1:1/cache:x`, /connection refused|cannot be reached/],
  ];
  const lying = await registry.pushManifest("cache/app", "other", { schemaVersion: 2, mediaType: MANIFEST, config: { mediaType: "application/vnd.buildkit.cacheconfig.v0", digest: await registry.pushBlob("cache/app", "{}"), size: 2 }, layers: [] });
  assert.equal(lying.status, 201);
  cases.push([`${host}/cache/app:other`, /is a cache of BuildKit/]);
  const stderr = await machines.machine("second").build(["-t", "app:1", ...cases.flatMap(([name]) => ["--cache-from", name])]);
  assert.deepEqual(steps(stderr), { "COPY src": "DONE", "RUN cat": "DONE", "COPY --from=builder": "DONE", "RUN wc": "DONE" });
  for (const [name, problem] of cases) {
    const line = stderr.split("\n").find((each) => each.includes(`the cache ${name} is not used`));
    assert.match(line ?? "no warning", problem, name);
  }
});

test("layers that are not what a cache says are not used: the steps run", { skip }, async (context) => {
  const machines = await warmMachines(context);
  const { host, write, folder } = machines;
  const outside = tarOf([{ path: "../../../../../../escaped", content: "x" }]);
  const other = gzipSync(tarOf([{ path: "count", content: "forged" }]));
  const top = (config: Config): Layer => config.layers[config.records.at(-1)!.layer!]!;
  const caches = {
    "another layer": await forged(machines, "other-layer", async (config, push) => void Object.assign(top(config), await push(other))),
    "another layer, pushed": await forged(machines, "other-layer", async (config, push) => void Object.assign(top(config), await push(other))),
    "a size": await forged(machines, "short", (config) => { top(config).size -= 1; }),
    "a blob that is lost": await forged(machines, "lost", (config) => { top(config).digest = sha256("nobody has it"); }),
    "no archive": await forged(machines, "noise", async (config, push) => void Object.assign(top(config), await push(gzipSync(Buffer.alloc(5000, 3))))),
    "a path outside": await forged(machines, "outside", async (config, push) => void Object.assign(top(config), await push(gzipSync(outside)), { diffId: sha256(outside) })),
  };
  const elsewhere = await scratchRegistry(context);
  for (const [index, [what, cache]] of Object.entries(caches).entries()) {
    const machine = machines.machine(`cold-${index}`);
    const pushed = what.endsWith("pushed") || what.endsWith("lost");
    // Into the store all layers come; into another registry they go on without being unpacked.
    const name = pushed ? `${elsewhere.address}/team/app:${index}` : "app:1";
    const stderr = await machine.build(["-t", name, ...(pushed ? ["--push"] : []), "--cache-from", cache]);
    assert.match(stderr, /cannot be had from the cache/, what);
    assert.equal(steps(stderr)["RUN wc"], "DONE", what);
    const { stdout, stderr: said } = await machine.sampan(["run", "--rm", name]);
    assert.match(stdout, /\/app\/out/, `${what}: ${said}`);
    assert.ok(!existsSync("/escaped") && !existsSync(join(folder, "escaped")));
  }
  // A stack of another height is no result of this Dockerfile.
  write({ Dockerfile: PROJECT(host) });
  const short = await forged(machines, "height", (config) => { config.records.at(-1)!.layer = 0; });
  assert.equal(steps(await machines.machine("height").build(["-t", "app:1", "--cache-from", short]))["RUN wc"], "DONE");
});

test("a cache that cannot be written fails the build, unless that is to be ignored", { skip }, async (context) => {
  const { machine, project, host } = await cacheMachines(context);
  const one = machine("first");
  for (const place of ["type=registry,ref=127.0.0.1:1/cache:x", "type=local,dest=/proc/nothing"]) {
    const failed = await one.sampan(["build", "--progress", "plain", "-t", "app:1", "--cache-to", place, project]);
    assert.equal(failed.status, 1, failed.stderr);
    assert.match(failed.stderr, /ERROR: the cache could not be written to/);
    assert.match(await one.build(["-t", "app:1", "--cache-to", `${place},ignore-error=true`]), /1 warning found:\n - the cache could not be written to/);
  }
  const mounts = await one.sampan(["build", "--cache-mounts-to", "type=registry,ref=127.0.0.1:1/cache:x", "-f", "-", project], { input: `FROM ${host}/base:1\nRUN --mount=type=cache,target=/c true\n` });
  assert.equal(mounts.status, 1, mounts.stderr);
  assert.match(mounts.stderr, /the cache mounts could not be written to 127\.0\.0\.1:1[^]*hint: ignore-error=true in --cache-mounts-to/);
  // What was built is there.
  assert.equal((await one.sampan(["run", "--rm", "app:1"])).status, 0);
});
