import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { cacheMachines, steps } from "../support/cache-machines.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { foreign, needs } from "../support/foreign.ts";

const skip = noBusybox || needs();
const CACHED = { "COPY src": "CACHED", "RUN cat": "CACHED", "COPY --from=builder": "CACHED", "RUN wc": "CACHED" };

test("Debian's registry takes caches in every form, and skopeo copies them", { skip: skip || missing("docker-registry") || needs("skopeo") }, async (context) => {
  const { machine, folder } = await cacheMachines(context);
  await using judge = await startDockerRegistry();
  const first = machine("first");
  const forms = ["", ",image-manifest=false", ",oci-mediatypes=false", ",compression=zstd,force-compression=true"];
  for (const [index, form] of forms.entries()) {
    const ref = `${judge.host}/cache/app:${index}`;
    await first.build(["-t", "app:1", "--cache-to", `type=registry,ref=${ref},mode=max${form}`]);
    assert.deepEqual(steps(await machine(`cold-${index}`).build(["-t", `${judge.host}/team/app:${index}`, "--push", "--cache-from", `type=registry,ref=${ref}`])), CACHED, form);
  }
  const [plain, packed] = await Promise.all([0, 3].map(async (index) => JSON.parse(await foreign("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${judge.host}/team/app:${index}`])) as { layers: { mediaType: string }[] }));
  assert.deepEqual([plain, packed].map((manifest) => manifest!.layers.map(({ mediaType }) => mediaType.split("+")[1])), [["gzip", "gzip", "gzip"], ["gzip", "zstd", "zstd"]]);
  await foreign("skopeo", ["copy", "--src-tls-verify=false", `docker://${judge.host}/cache/app:0`, `oci:${join(folder, "copied")}:cache`]);
  assert.deepEqual(steps(await machine("from-copy").build(["-t", "app:1", "--cache-from", `type=local,src=${join(folder, "copied")},tag=cache`])), CACHED);
});

test("a folder holds caches by tag and by digest", { skip }, async (context) => {
  const { machine, folder, host } = await cacheMachines(context);
  const place = join(folder, "kept");
  await machine("first").build(["-t", "app:1", "--cache-to", `type=local,dest=${place},mode=max`, "--cache-to", `type=local,dest=${place},tag=small`]);
  const { manifests } = JSON.parse(readFileSync(join(place, "index.json"), "utf8")) as { manifests: { digest: string; annotations: Record<string, string> }[] };
  assert.deepEqual(manifests.map(({ annotations }) => annotations["org.opencontainers.image.ref.name"]), ["latest", "small"]);
  const words = ["-t", `${host}/app:1`, "--push", "--cache-from"];
  for (const [name, from] of [["a", place], ["b", `${place},tag=small`], ["c", `${place},digest=${manifests[0]!.digest}`]] as const) {
    assert.deepEqual(steps(await machine(name).build([...words, `type=local,src=${from}`])), CACHED, from);
  }
  assert.match(await machine("d").build([...words, `type=local,src=${place},tag=other`]), /is not used: .*other/);
  assert.match(await machine("e").build([...words, `type=local,src=${place}-not`]), /is not used: /);
  const before = readdirSync(join(place, "blobs/sha256")).length;
  await machine("a").build(["-t", `${host}/app:1`, "--push", "--cache-from", `type=local,src=${place}`, "--cache-to", `type=local,dest=${place},mode=max`]);
  assert.equal(readdirSync(join(place, "blobs/sha256")).length, before, "the same cache is the same");
});

test("what is cached elsewhere is handed on to another place without running anything", { skip }, async (context) => {
  const { machine, host, folder, proxy } = await cacheMachines(context);
  await machine("first").build(["-t", "app:1", "--cache-to", `type=registry,ref=${host}/cache/app:main,mode=max`]);
  proxy.release();
  const words = ["-t", `${host}/team/app:1`, "--push", "--cache-from", `${host}/cache/app:main`];
  // Beside it, nothing moves.
  assert.deepEqual(steps(await machine("second").build([...words, "--cache-to", `type=registry,ref=${host}/cache/other:main,mode=max`])), CACHED);
  assert.ok(proxy.requests.filter(({ method, url }) => method === "POST" && url.includes("mount=")).every(({ status }) => status === 201));
  assert.ok(proxy.requests.every(({ method, received }) => method !== "GET" || received < 20_000));
  // To a folder, all layers come.
  assert.deepEqual(steps(await machine("third").build([...words, "--cache-to", `type=local,dest=${join(folder, "kept")},mode=max`])), CACHED);
  assert.deepEqual(steps(await machine("fourth").build(["-t", "app:1", "--cache-from", `type=local,src=${join(folder, "kept")}`])), CACHED);
});
