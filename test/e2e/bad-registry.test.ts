import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertFault, type ExpectedFault } from "../support/check-fault.ts";
import { startFaultyRegistry, type FaultyRegistry, type Trouble } from "../support/faulty-registry.ts";
import { scratchBuild, type ScratchBuild } from "../support/scratch-build.ts";
import { registryError, reply } from "../support/scripted-server.ts";
import { smallImage, type SmallImage } from "../support/small-image.ts";
import { tarOf } from "../support/tar-of.ts";

const skip = process.getuid!() === 0 ? false : "needs root";

interface Setup extends ScratchBuild {
  readonly registry: FaultyRegistry;
  readonly image: SmallImage;
}

/** A registry with an image of one layer that gzip cannot make smaller, and a store without it. */
async function setUp(context: TestContext): Promise<Setup> {
  const image = smallImage([{ tar: tarOf([{ path: "data", content: randomBytes(200_000) }]) }]);
  for (const digest of image.layers) sizes.set(digest, image.blobs.get(digest)!.length);
  const registry = await startFaultyRegistry(image);
  context.after(() => registry[Symbol.asyncDispose]());
  return { ...(await scratchBuild(context, { base: false })), registry, image };
}

/** Sizes of the layers of all images here. */
const sizes = new Map<string, number>();
const onLayers = (act: Trouble): Trouble => (request, response) => (request.what === "blob" && request.method === "GET" && sizes.has(request.digest) ? act(request, response) : false);
const onManifests = (act: Trouble): Trouble => (request, response) => (request.what === "manifest" ? act(request, response) : false);
const status = (code: number, error: string, headers: Record<string, string> = {}): Trouble => (_, response) => reply(response, code, headers, registryError(error, "says the registry"));

/** Trouble that stays, and what is said about it. */
const LASTING: Readonly<Record<string, ExpectedFault & { readonly trouble: Trouble }>> = {
  "401": { trouble: status(401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="x"' }), message: /wants a login for app/, hint: /sampan login 127\.0\.0\.1:\d+/ },
  "403": { trouble: onManifests(status(403, "DENIED")), message: /denies access to app without a login.*says the registry/, hint: /sampan login/ },
  "404 for the manifest": { trouble: onManifests(status(404, "MANIFEST_UNKNOWN")), message: /manifest for .*app:1 not found/, hint: /check the tag/ },
  "404 for the repository": { trouble: onManifests(status(404, "NAME_UNKNOWN")), message: /repository app not found/, hint: /check the name/ },
  "404 for a blob": { trouble: onLayers(status(404, "BLOB_UNKNOWN")), message: /blob sha256:\S+ is missing in app/, hint: /`sampan push --force-recursive` sends what is missing/ },
  "429 that asks to come back much later": { trouble: onManifests(status(429, "TOOMANYREQUESTS", { "retry-after": "3600" })), message: /allows no more requests/, hint: /try again in 3600 s/ },
  "500": { trouble: onManifests(status(500, "UNKNOWN")), message: /failed with status 500/, hint: /on the registry's side/ },
  "a wrong digest of the layer": {
    trouble: onLayers(({ digest }, response) => reply(response, 200, {}, Buffer.alloc(sizes.get(digest)!, 0x20))), message: /sent a blob with digest sha256:\S+ instead of sha256:/, hint: /nothing of it was kept/,
  },
  "a wrong digest of the manifest": {
    trouble: onManifests((_, response) => reply(response, 200, { "content-type": "application/vnd.oci.image.manifest.v1+json", "docker-content-digest": `sha256:${"0".repeat(64)}` }, "{}")),
    message: /sent a manifest with digest sha256:\S+ instead of sha256:0{64}/, hint: /./,
  },
  "a Content-Length that is too small": { trouble: onLayers((_, response) => reply(response, 200, {}, "short")), message: /Content-Length is 5 where \d+ bytes were expected/, hint: /no proxy changes its answers/ },
  "a Content-Length that is too large": {
    trouble: onLayers(({ digest }, response) => reply(response, 200, {}, Buffer.alloc(sizes.get(digest)! + 100))), message: /Content-Length is \d+ where \d+ bytes were expected/, hint: /no proxy/,
  },
  "a body without end": {
    trouble: onLayers((_, response) => {
      response.writeHead(200);
      const pour = (): void => { while (response.write(Buffer.alloc(65_536))) if (response.destroyed) return; response.once("drain", pour); };
      pour();
    }),
    message: /the blob is longer than its \d+ bytes/, hint: /./,
  },
  "a body that always ends early": {
    trouble: onLayers((_, response) => { response.writeHead(200, { connection: "close" }); response.end(); }), message: /sent 0 of \d+ bytes of sha256:/, hint: /finished blobs are kept/,
  },
  "a manifest that is no JSON": { trouble: onManifests((_, response) => reply(response, 200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }, "<html>")), message: /the manifest is not JSON/, hint: /container registry/ },
  "a web page instead of a registry": { trouble: (_, response) => reply(response, 200, { "content-type": "text/html" }, "<html>hello</html>"), message: /the manifest is not JSON/, hint: /container registry/ },
  "a manifest of 100 MB": {
    trouble: onManifests((_, response) => reply(response, 200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }, Buffer.alloc(100_000_000, 0x20))), message: /the manifest has more than 8388608 bytes/, hint: /./,
  },
};

describe("a registry in trouble that stays: a fault with a hint, and nothing of it in the store", { skip, concurrency: 3 }, () => {
  for (const [name, { trouble, ...expected }] of Object.entries(LASTING)) {
    test(name, async (context) => {
      const { registry, sampan, write, context: folder, checkStore } = await setUp(context);
      registry.trouble(trouble);
      write({ Dockerfile: `FROM ${registry.host}/app:1\nCOPY Dockerfile /\n` });
      const [pulled, built] = await Promise.all([sampan(["pull", `${registry.host}/app:1`]), sampan(["build", "--progress", "plain", folder])]);
      assertFault(pulled, expected);
      assertFault(built, { message: /./, hint: /./, frame: { place: "Dockerfile:1", line: `FROM ${registry.host}/app:1` } });
      await checkStore();
      registry.trouble(undefined);
      const good = await sampan(["build", "-t", "good", folder]);
      assert.equal(good.status, 0, good.stderr);
      assert.equal((await sampan(["pull", `${registry.host}/app:1`])).status, 0);
      await checkStore();
    });
  }
});

/** Trouble that passes. */
const PASSING: Readonly<Record<string, Trouble>> = {
  "500 twice": ({ count }, response) => (count <= 2 ? reply(response, 500) : false),
  "429 that asks to come back soon": ({ count, what }, response) => (count === 1 && what !== "ping" ? reply(response, 429, { "retry-after": "1" }) : false),
  "connections that break in the middle of a body": onLayers(({ count, digest }, response) => {
    if (count > 2) return false;
    response.writeHead(200, { "content-length": String(sizes.get(digest)) });
    response.write(Buffer.alloc(0));
    response.flushHeaders();
    setTimeout(() => response.destroy(), 10);
    return true;
  }),
  "a damaged body once": onLayers(({ count, digest }, response) => (count === 1 ? reply(response, 200, {}, Buffer.alloc(sizes.get(digest)!)) : false)),
  "a slow line": async (_, _response) => { await sleep(150); return false; },
};

describe("a registry in trouble that passes: the pull goes on by itself", { skip, concurrency: 3 }, () => {
  for (const [name, trouble] of Object.entries(PASSING)) {
    test(name, async (context) => {
      const { registry, sampan, checkStore } = await setUp(context);
      registry.trouble(trouble);
      const pulled = await sampan(["pull", `${registry.host}/app:1`]);
      assert.equal(pulled.status, 0, pulled.stderr);
      await checkStore();
    });
  }
});

test("a body that comes in drops is read to its end", { skip }, async (context) => {
  const { registry, image, sampan, checkStore } = await setUp(context);
  registry.trouble(onLayers(async ({ digest }, response) => {
    const bytes = image.blobs.get(digest)!;
    response.writeHead(200, { "content-length": String(bytes.length) });
    for (let at = 0; at < bytes.length; at += 20_000) {
      response.write(bytes.subarray(at, at + 20_000));
      await sleep(40);
    }
    response.end();
  }));
  const pulled = await sampan(["pull", `${registry.host}/app:1`]);
  assert.equal(pulled.status, 0, pulled.stderr);
  await checkStore();
});

test("a registry that is down is said to be, for pull, push and FROM; what is in the store is built upon without it", { skip }, async (context) => {
  const { registry, sampan, build, checkStore } = await setUp(context);
  const port = createServer().listen(0, "127.0.0.1");
  await once(port, "listening");
  const down = `127.0.0.1:${(port.address() as { port: number }).port}`;
  await new Promise((resolve) => port.close(resolve));
  const expected: ExpectedFault = { message: /registry 127\.0\.0\.1:\d+ cannot be reached: .*refused/, hint: /./ };
  assertFault(await sampan(["pull", `${down}/app:1`]), expected);
  assertFault(await build(`FROM ${down}/app:1\n`), { ...expected, frame: { place: "Dockerfile:1", line: `FROM ${down}/app:1` } });
  assert.equal((await sampan(["pull", `${registry.host}/app:1`])).status, 0);
  assert.equal((await sampan(["tag", `${registry.host}/app:1`, `${down}/app:1`])).status, 0);
  assertFault(await sampan(["push", `${down}/app:1`]), expected);
  const offline = await build(`FROM ${down}/app:1\nCOPY Dockerfile /\n`, ["-t", "offline"]);
  assert.equal(offline.status, 0, offline.stderr);
  await checkStore();
});

/** What a registry can do to a push. */
const PUSHES: Readonly<Record<string, ExpectedFault & { readonly trouble: Trouble }>> = {
  "401": { trouble: status(401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="x"' }), message: /wants a login for pushed/, hint: /sampan login/ },
  "403": { trouble: (request, response) => (request.what === "upload" ? status(403, "DENIED")(request, response) : false), message: /denies access to pushed/, hint: /sampan login/ },
  "404": { trouble: (request, response) => (request.what === "upload" ? status(404, "NAME_UNKNOWN")(request, response) : false), message: /repository pushed not found/, hint: /check the name/ },
  "413": { trouble: (request, response) => (request.method === "PUT" ? reply(response, 413) : false), message: /refused .* with status 413/, hint: /reverse proxy/ },
  "429": { trouble: (request, response) => (request.what === "upload" ? status(429, "TOOMANYREQUESTS", { "retry-after": "3600" })(request, response) : false), message: /allows no more requests/, hint: /3600 s/ },
  "a refused manifest": { trouble: (request, response) => (request.what === "manifest" && request.method === "PUT" ? status(400, "MANIFEST_INVALID")(request, response) : false), message: /refused .* with status 400.*says the registry/ },
};

describe("a push that the registry does not take: a fault with a hint, and the image stays as it is", { skip, concurrency: 3 }, () => {
  for (const [name, { trouble, ...expected }] of Object.entries(PUSHES)) {
    test(name, async (context) => {
      const { registry, sampan, write, context: folder, checkStore } = await setUp(context);
      write({ Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
      const built = await sampan(["build", "-t", `${registry.host}/pushed:1`, folder]);
      assert.equal(built.status, 0, built.stderr);
      registry.trouble(trouble);
      assertFault(await sampan(["push", `${registry.host}/pushed:1`]), expected);
      assertFault(await sampan(["build", "--progress", "plain", "-t", `${registry.host}/pushed:1`, "--push", folder]), expected);
      await checkStore();
      registry.trouble(undefined);
      const pushed = await sampan(["push", `${registry.host}/pushed:1`]);
      assert.equal(pushed.status, 0, pushed.stderr);
    });
  }
});
