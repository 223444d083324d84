import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { routeFiles } from "../../../test/support/route-files.ts";
import { reply, startScriptedServer, type Script, type ScriptedServer } from "../../../test/support/scripted-server.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { sha256 } from "../../oci/digest.ts";
import { parseReference, type Reference } from "../../oci/reference.ts";
import { isFault } from "../../std/fault.ts";
import { createRegistryClient, type RegistryClient } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";
import { machineRoutes } from "./machine-routes.ts";

const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: {}, layers: [] }));
const serveManifest: Script = (request, response) => reply(response, 200, request.url === "/v2/" ? {} : { "content-type": "application/vnd.oci.image.manifest.v1+json" }, request.url === "/v2/" ? "" : manifest);

interface Setup {
  readonly mirror: ScriptedServer;
  readonly registry: ScriptedServer;
  readonly client: RegistryClient;
  readonly tagged: Reference;
  readonly pinned: Reference;
  readonly trouble: string[];
}

async function setUp(context: TestContext, mirrorScript: Script, settings: string, server = ""): Promise<Setup> {
  const mirror = await startScriptedServer(mirrorScript);
  const registry = await startScriptedServer(serveManifest);
  const files = routeFiles(context, { [`etc/containerd/certs.d/${registry.host.replace(":", "_")}_/hosts.toml`]: `${server}\n[host."${mirror.origin}"]\n${settings}\n` });
  const trouble: string[] = [];
  const client = createRegistryClient({
    credentials: anonymous, environment: {}, clock: createTestClock(), timeouts: { idle: 80 },
    routes: machineRoutes(files.environment), onMirrorFailure: (_, { code }) => trouble.push(code),
  });
  for (const each of [client, mirror, registry]) context.after(() => each[Symbol.asyncDispose]());
  const tagged = parseReference(`${registry.host}/app:1`);
  return { mirror, registry, client, tagged, pinned: { ...tagged, digest: sha256(manifest) }, trouble };
}

test("a mirror that accepts a request and never answers is asked once, and not again", async (context) => {
  const { mirror, client, tagged, trouble } = await setUp(context, () => undefined, "");
  for (let time = 0; time < 2; time += 1) assert.equal((await client.manifestGet(tagged)).digest, sha256(manifest));
  assert.equal(mirror.requests.length, 1);
  assert.deepEqual(trouble, ["REGISTRY_TIMEOUT"]);
});

test("a place with the capability pull alone is asked for digests, not for tags", async (context) => {
  const { mirror, registry, client, tagged, pinned } = await setUp(context, serveManifest, 'capabilities = ["pull"]');
  await client.manifestGet(tagged);
  assert.equal(mirror.requests.length, 0);
  const before = registry.requests.length;
  await client.manifestGet(pinned);
  assert.equal(registry.requests.length, before);
});

test("a tag for which nobody may be asked is a fault that names the way out", async (context) => {
  const { client, tagged, pinned } = await setUp(context, serveManifest, 'capabilities = ["pull"]', 'capabilities = ["pull"]');
  await assert.rejects(client.manifestGet(tagged), (error) => isFault(error, "REGISTRY_NOWHERE") && /may be asked what a tag means/.test(error.message));
  assert.equal((await client.manifestGet(pinned)).digest, sha256(manifest));
});

test("the path of override_path is the interface itself", async (context) => {
  const mirror = await startScriptedServer((request, response) => (request.url.startsWith("/odd/app/manifests/") ? serveManifest(request, response) : reply(response, 404)));
  context.after(() => mirror[Symbol.asyncDispose]());
  const files = routeFiles(context, { "etc/containerd/certs.d/registry.test/hosts.toml": `server = "${mirror.origin}/odd"\noverride_path = true\n` });
  await using client = createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock(), routes: machineRoutes(files.environment) });
  assert.equal((await client.manifestGet(parseReference("registry.test/app:1"))).digest, sha256(manifest));
  assert.deepEqual(mirror.requests.map(({ url }) => url), ["/odd/", "/odd/app/manifests/1?ns=registry.test"]);
});

test("where the registry cannot be reached, the mirrors that do not have it are told", async (context) => {
  const { mirror, registry, client, tagged } = await setUp(context, (request, response) => reply(response, request.url === "/v2/" ? 200 : 404), "");
  await registry[Symbol.asyncDispose]();
  await assert.rejects(client.manifestGet(tagged), (error) => isFault(error, "REGISTRY_UNREACHABLE") && error.hint!.startsWith(`${mirror.origin}, which was asked first, does not have it: check the name, or the way to ${registry.host}`));
});

test("a mirror that gives a blob another length than it has is passed over, and told", async (context) => {
  const blob = Buffer.from("content of a layer");
  const serveBlob = (bytes: Uint8Array): Script => (request, response) => reply(response, 200, {}, request.url === "/v2/" ? "" : bytes);
  const mirrors = await Promise.all([blob.subarray(1), Buffer.concat([blob, blob])].map((bytes) => startScriptedServer(serveBlob(bytes))));
  const registry = await startScriptedServer(serveBlob(blob));
  const files = routeFiles(context, { [`etc/containerd/certs.d/${registry.host.replace(":", "_")}_/hosts.toml`]: mirrors.map(({ origin }) => `[host."${origin}"]\n`).join("") });
  const trouble: string[] = [];
  const client = createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock(), routes: machineRoutes(files.environment), onMirrorFailure: (mirror, { message }) => trouble.push(`${mirror} ${message}`) });
  for (const each of [client, registry, ...mirrors]) context.after(() => each[Symbol.asyncDispose]());
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.blobGet(parseReference(`${registry.host}/app`), { digest: sha256(blob), size: blob.length })) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), blob.toString());
  assert.equal(trouble.length, 2);
  for (const [index, text] of trouble.entries()) assert.ok(text.startsWith(`${mirrors[index]!.origin} `) && text.includes("Content-Length is "), text);
});
