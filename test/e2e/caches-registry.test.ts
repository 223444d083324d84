import assert from "node:assert/strict";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { blobBytes, cacheMachines, PROJECT, steps } from "../support/cache-machines.ts";
import { needs } from "../support/foreign.ts";
import type { Digest } from "../../src/oci/digest.ts";

const skip = noBusybox || needs();
const ALL_CACHED = { "COPY src": "CACHED", "RUN cat": "CACHED", "COPY --from=builder": "CACHED", "RUN wc": "CACHED" };
const ALL_RAN = { "COPY src": "DONE", "RUN cat": "DONE", "COPY --from=builder": "DONE", "RUN wc": "DONE" };

test("a cold machine with a warm cache runs nothing, and to push to the same registry it fetches no layer", { skip }, async (context) => {
  const { machine, proxy, host } = await cacheMachines(context);
  const cache = `${host}/cache/app:main`;
  const first = await machine("first").build(["-t", `${host}/team/app:1`, "--push", "--cache-to", `type=registry,ref=${cache},mode=max`]);
  assert.deepEqual(steps(first), ALL_RAN);
  assert.match(first, /exporting cache to registry/);
  proxy.release();
  const second = await machine("second").build(["-t", `${host}/team/other:1`, "--push", "--cache-from", cache]);
  assert.deepEqual(steps(second), ALL_CACHED);
  assert.match(second, new RegExp(`importing cache manifest from ${cache}`));
  // Configs of the base and of the cache, and nothing else.
  const read = proxy.requests.filter(({ method, url }) => method === "GET" && url.includes("/blobs/"));
  assert.equal(read.length, 2, JSON.stringify(read.map(({ url }) => url)));
  assert.ok(blobBytes(proxy) < 5000, `${blobBytes(proxy)} bytes`);
  const sent = proxy.requests.filter(({ method, sent: bytes }) => method !== "GET" && bytes > 0);
  assert.equal(sent.length, 2, JSON.stringify(sent.map(({ method, url }) => `${method} ${url}`)));
  const [one, other] = await Promise.all(["team/app", "team/other"].map(async (repository) => (await machine("third").sampan(["digest", `${host}/${repository}:1`])).stdout));
  assert.equal(one, other);
});

test("what needs the files gets them, and only the layers that it needs", { skip }, async (context) => {
  const { machine, proxy, host, write } = await cacheMachines(context);
  const cache = `${host}/cache/app:main`;
  await machine("first").build(["-t", "app:1", "--cache-to", `type=registry,ref=${cache},mode=max`]);
  proxy.release();
  const second = machine("second");
  assert.deepEqual(steps(await second.build(["-t", "app:1", "--cache-from", cache])), ALL_CACHED);
  // The builder's layer of 200 kB stays where it is.
  assert.ok(blobBytes(proxy) < 100_000 + 1_400_000, `${blobBytes(proxy)} bytes`);
  assert.match((await second.sampan(["run", "--rm", "app:1"])).stdout, /^ +2 +2 +\d+ \/app\/out$/m);
  assert.deepEqual(steps(await second.build(["-t", "app:2"])), { ...ALL_CACHED, "COPY src": "DONE", "RUN cat": "DONE", "COPY --from=builder": "DONE", "RUN wc": "DONE" });
  write({ Dockerfile: PROJECT(host).replace("wc /app/out", "wc -l /app/out") });
  const third = steps(await machine("third").build(["-t", "app:1", "--cache-from", cache]));
  assert.deepEqual(third, { ...ALL_CACHED, "RUN wc": "DONE" });
});

test("a cache of the image's own layers knows the other steps by name, and makes their files when they are needed", { skip }, async (context) => {
  const { machine, host, write } = await cacheMachines(context);
  const cache = `${host}/cache/app:min`;
  await machine("first").build(["-t", `${host}/team/app:1`, "--push", "--cache-to", `type=registry,ref=${cache}`]);
  assert.deepEqual(steps(await machine("second").build(["-t", `${host}/team/app:2`, "--push", "--cache-from", cache])), ALL_CACHED);
  write({ Dockerfile: PROJECT(host).replace("/out /once /app/", "/out /app/") });
  assert.deepEqual(steps(await machine("third").build(["-t", `${host}/team/app:3`, "--push", "--cache-from", cache])), ALL_RAN);
});

test("an image brings its cache along", { skip }, async (context) => {
  const { machine, host, proxy } = await cacheMachines(context);
  await machine("first").build(["-t", `${host}/team/app:1`, "--push", "--cache-to", "type=inline"]);
  proxy.release();
  assert.deepEqual(steps(await machine("second").build(["-t", `${host}/team/app:2`, "--push", "--cache-from", `${host}/team/app:1`])), ALL_CACHED);
  assert.ok(blobBytes(proxy) < 8000, `${blobBytes(proxy)} bytes`);
  assert.match(await machine("third").build(["-t", "app:1", "--cache-from", `${host}/base:1`]), /is not used: .*base:1 is an image and holds no cache/);
});

test("--explain tells which cache had a step, and why one had not", { skip }, async (context) => {
  const { machine, host, write } = await cacheMachines(context);
  const cache = `${host}/cache/app:main`;
  await machine("first").build(["-t", "app:1", "--cache-to", `type=registry,ref=${cache},mode=max`]);
  assert.match(await machine("second").build(["--explain", "-t", `${host}/app:1`, "--push", "--cache-from", cache]), new RegExp(`why: same command on the same results, found in ${cache}`));
  write({ "src/a": "b\n" });
  const changed = await machine("third").build(["--explain", "--build-arg", "WORD=secret-word", "-t", `${host}/app:1`, "--push", "--cache-from", cache]);
  assert.match(changed, new RegExp(`why: not in ${cache}: src/a: content changed`));
  assert.match(changed, new RegExp(`why: not in ${cache}: environment WORD: differs`));
  assert.match(changed, new RegExp(`why: not in ${cache}: the step before it made another result`));
});

test("values of variables do not leave the machine with a cache", { skip }, async (context) => {
  const { machine, host, registry } = await cacheMachines(context);
  await machine("first").build(["-t", "app:1", "--build-arg", "WORD=very-secret-word", "--cache-to", `type=registry,ref=${host}/cache/app:main,mode=max`]);
  const { zstdDecompressSync } = await import("node:zlib");
  const manifest = (await registry.request("GET", "/v2/cache/app/manifests/main", { headers: { accept: "application/vnd.oci.image.manifest.v1+json" } })).json() as { config: Described; layers: Described[] };
  const get = async ({ digest }: Described): Promise<Buffer> => (await registry.request("GET", `/v2/cache/app/blobs/${digest}`)).body;
  const reasons = zstdDecompressSync(await get(manifest.layers.find(({ mediaType }) => mediaType.includes("reasons"))!)).toString();
  assert.match(reasons, /environment WORD/);
  for (const text of [reasons, (await get(manifest.config)).toString()]) assert.ok(!text.includes("very-secret-word"));
});

interface Described {
  readonly mediaType: string;
  readonly digest: Digest;
}
