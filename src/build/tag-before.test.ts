import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { registryError, reply, startScriptedServer } from "../../test/support/scripted-server.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { build } from "./build.ts";

test("a build asks what its name stands for instead of asking for each layer, and pushes whatever the answer is", async (context) => {
  const folder = temporaryFolder(context);
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "Dockerfile"), "FROM scratch\nCOPY first /\nCOPY second /\n");
  writeFileSync(join(project, "first"), "stays");
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  // What the registry says when it is asked for a manifest, where it is not what it has.
  let refusal: { status: number; headers?: Record<string, string>; code?: string } | undefined;
  await using server = await startScriptedServer(({ method, url, body }, response) => {
    const { pathname, searchParams } = new URL(url, "http://x");
    const name = decodeURIComponent(pathname.slice(pathname.lastIndexOf("/") + 1));
    if (pathname === "/v2/") return reply(response, 200);
    if (pathname.includes("/manifests/")) {
      if (method === "PUT") {
        const { config, layers } = parseManifest(body);
        if (![config, ...layers].every(({ digest }) => blobs.has(digest))) return reply(response, 400, {}, registryError("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"));
        manifests.set(name, body);
        return reply(response, 201);
      }
      if (refusal) return reply(response, refusal.status, refusal.headers, refusal.code ? registryError(refusal.code, "no") : "");
      const manifest = manifests.get(name);
      return manifest ? reply(response, 200, { "docker-content-digest": sha256(manifest) }, manifest) : reply(response, 404);
    }
    if (method === "HEAD") return reply(response, blobs.has(name) ? 200 : 404);
    if (method === "POST") return reply(response, 202, { location: `${pathname}upload` });
    blobs.set(searchParams.get("digest")!, body);
    reply(response, 201);
  });
  let contents = 0;
  const push = async (changed = true): Promise<{ asked: number; manifest: Buffer }> => {
    writeFileSync(join(project, "second"), `changed ${(contents += changed ? 1 : 0)} times`);
    server.requests.length = 0;
    await build({ context: project, root: join(folder, "store"), tags: [`${server.host}/app:1`], outputs: [{ type: "store" }, { type: "registry" }] });
    return { asked: server.requests.filter(({ method, url }) => method === "HEAD" && url.includes("/blobs/")).length, manifest: manifests.get("1")! };
  };
  const layersOf = (manifest: Buffer): readonly string[] => parseManifest(manifest).layers.map(({ digest }) => digest);

  const { manifest: first } = await push();
  const second = await push();
  assert.equal(second.asked, 0);
  assert.equal(layersOf(second.manifest)[0], layersOf(first)[0]);
  assert.notEqual(layersOf(second.manifest)[1], layersOf(first)[1]);
  const unchanged = await push(false);
  // On a slow machine it is asked for the name once more, since a lot may happen to it in seconds.
  const asked = server.requests.map(({ method, url }) => `${method} ${decodeURIComponent(url)}`);
  assert.deepEqual([...new Set(asked.filter((line) => !line.includes("/blobs/")))], ["GET /v2/", "HEAD /v2/app/manifests/1"]);
  const named = parseManifest(unchanged.manifest);
  assert.deepEqual(asked.filter((line) => line.includes("/blobs/")).sort(), [named.config, ...named.layers].map(({ digest }) => `HEAD /v2/app/blobs/${digest}`).sort());

  await context.test("where it says no, in whatever way", async () => {
    const refusals: (typeof refusal)[] = [{ status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }, { status: 403, code: "DENIED" }, { status: 404, code: "MANIFEST_UNKNOWN" }, { status: 500 }, { status: 503, headers: { "retry-after": "60" } }];
    for (const each of refusals) {
      refusal = each;
      const { asked, manifest } = await push();
      assert.equal(asked, 1, JSON.stringify(each));
      assert.ok(layersOf(manifest).every((digest) => blobs.has(digest)));
    }
    refusal = undefined;
  });

  await context.test("where somebody else has pushed another image", async () => {
    const own = manifests.get("1")!;
    manifests.set("1", Buffer.concat([own, Buffer.from(" ")]));
    const { asked } = await push(false);
    assert.ok(asked > 0);
    assert.equal(sha256(manifests.get("1")!), sha256(own));
  });

  await context.test("where nothing has changed and the registry has lost something of it, or all of it", async () => {
    const whole = (): boolean => [named.config, ...named.layers].every(({ digest }) => blobs.has(digest)) && manifests.has("1");
    const { config, layers } = parseManifest((await push()).manifest);
    Object.assign(named, { config, layers });
    for (const lose of [() => blobs.delete(layers[0]!.digest), () => blobs.delete(layers[1]!.digest), () => blobs.delete(config.digest), () => manifests.delete("1"), () => [blobs, manifests].forEach((each) => each.clear())]) {
      lose();
      assert.ok(!whole());
      await push(false);
      assert.ok(whole(), String(lose));
      assert.ok(server.requests.some(({ method, url }) => method === "PUT" && url === "/v2/app/manifests/1"));
    }
  });

  await context.test("where the registry has lost a layer that it names", async () => {
    const [kept] = layersOf(manifests.get("1")!);
    assert.ok(blobs.delete(kept!));
    const { asked, manifest } = await push();
    // None at first, and all after the refusal.
    assert.equal(asked, 3);
    assert.ok(layersOf(manifest).includes(kept!));
    assert.ok(blobs.has(kept!));
  });
});
