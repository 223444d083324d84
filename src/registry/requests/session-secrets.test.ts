import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { routeFiles } from "../../../test/support/route-files.ts";
import { reply, startScriptedServer, type ScriptedServer } from "../../../test/support/scripted-server.ts";
import { siteAuthority, siteClient } from "../../../test/support/site-certificates.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { testAuthority, testCertificate } from "../../../test/support/test-certificate.ts";
import { sha256 } from "../../oci/digest.ts";
import { parseReference } from "../../oci/reference.ts";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "../client.ts";
import { machineRoutes } from "../routes/machine-routes.ts";

const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: {}, layers: [] }));
const TYPE = { "content-type": "application/vnd.oci.image.manifest.v1+json" };
const BASIC = { "www-authenticate": 'Basic realm="x"' };
const login = (host: string) => ({ username: host, password: "SECRET", source: "test" });

interface Setup {
  readonly hostsToml: (host: string, text: string) => void;
  readonly file: (path: string, text: string) => string;
  readonly client: (options?: Partial<RegistryClientOptions>) => RegistryClient;
  readonly asked: string[];
}

/** A client with files of its own, and with a login for every host, which remembers for whom it was asked. */
function setUp(context: TestContext): Setup {
  const files = routeFiles(context);
  const asked: string[] = [];
  return {
    asked,
    file: files.write,
    hostsToml: (host, text) => void files.write(`etc/containerd/certs.d/${host.replace(":", "_")}_/hosts.toml`, text),
    client: (options = {}) => createRegistryClient({
      credentials: { find: (host) => (asked.push(host), login(host)) },
      clock: createTestClock(), environment: {}, routes: machineRoutes(files.environment), ...options,
    }),
  };
}

const serve = async (context: TestContext, ...args: Parameters<typeof startScriptedServer>): Promise<ScriptedServer> => {
  const server = await startScriptedServer(...args);
  context.after(() => server[Symbol.asyncDispose]());
  return server;
};

test("headers of hosts.toml go to their place and not to where it redirects", async (context) => {
  const { hostsToml, client } = setUp(context);
  const storage = await serve(context, (_request, response) => reply(response, 200, TYPE, manifest));
  const mirror = await serve(context, (request, response) => (request.url === "/v2/" ? reply(response, 200) : reply(response, 307, { location: `${storage.origin}/stored` })));
  const registry = await serve(context, (_request, response) => reply(response, 500));
  hostsToml(registry.host, `[host."${mirror.origin}"]\n[host."${mirror.origin}".header]\nX-Key = "SECRET"\n`);
  await using opened = client();
  await opened.manifestGet(parseReference(`${registry.host}/app:1`));
  assert.deepEqual(mirror.requests.map(({ headers }) => headers["x-key"]), ["SECRET", "SECRET"]);
  assert.deepEqual(storage.requests.map(({ headers }) => [headers["x-key"], headers.authorization]), [[undefined, undefined]]);
});

test("whoever the registry redirects to cannot have it asked for something with our login", async (context) => {
  const { client } = setUp(context);
  let origin = "";
  const other = await serve(context, (_request, response) => reply(response, 307, { location: `${origin}/v2/secret/manifests/1` }));
  const registry = await serve(context, (request, response) => {
    if (request.headers.authorization === undefined) return reply(response, 401, BASIC);
    reply(response, request.url === "/v2/" ? 200 : 307, { location: `${other.origin}/there` });
  });
  origin = registry.origin;
  await using opened = client();
  await assert.rejects(opened.manifestGet(parseReference(`${registry.host}/app:1`)));
  const back = registry.requests.filter(({ url }) => url === "/v2/secret/manifests/1");
  assert.equal(back.length, 1);
  assert.equal(back[0]!.headers.authorization, undefined);
});

test("an upload whose Location is on another host goes there without login and headers", async (context) => {
  const { hostsToml, client } = setUp(context);
  const storage = await serve(context, (_request, response) => reply(response, 201));
  const registry = await serve(context, (request, response) => {
    if (request.headers.authorization === undefined) return reply(response, 401, BASIC);
    reply(response, request.method === "POST" ? 202 : 404, { location: `${storage.origin}/upload/1` });
  });
  hostsToml(registry.host, 'header = { "X-Key" = "SECRET" }\n');
  await using opened = client();
  const bytes = Buffer.from("blob");
  await opened.blobPut(parseReference(`${registry.host}/app:1`), { digest: sha256(bytes), size: bytes.length, open: async function* () { yield bytes; } });
  assert.ok(registry.requests.some(({ headers }) => headers.authorization !== undefined && headers["x-key"] === "SECRET"));
  assert.deepEqual(storage.requests.map(({ method, headers }) => [method, headers.authorization, headers["x-key"]]), [["PUT", undefined, undefined]]);
});

test("a mirror gets its own login, and its token server the mirror's", async (context) => {
  const { hostsToml, client, asked } = setUp(context);
  const tokens = await serve(context, (_request, response) => reply(response, 200, {}, { token: "mirrors-token" }));
  const mirror = await serve(context, (request, response) =>
    request.headers.authorization === "Bearer mirrors-token" ? reply(response, 200, TYPE, manifest)
    : reply(response, 401, { "www-authenticate": `Bearer realm="${tokens.origin}/token",service="m"` }));
  const registry = await serve(context, (_request, response) => reply(response, 500));
  hostsToml(registry.host, `[host."${mirror.origin}"]\n`);
  await using opened = client();
  await opened.manifestGet(parseReference(`${registry.host}/app:1`));
  assert.deepEqual([...new Set(asked.map((name) => name.split("/")[0]))], [mirror.host]);
  const sent = Buffer.from(tokens.requests[0]!.headers.authorization!.replace("Basic ", ""), "base64").toString();
  assert.equal(sent, `${mirror.host}:SECRET`);
  assert.equal(registry.requests.length, 0);
});

test("a mirror whose token server is at a private address is passed over with a warning, and that address is not asked", async (context) => {
  const { file, client } = setUp(context);
  const inside = await serve(context, (_request, response) => reply(response, 200, {}, { token: "t" }));
  const proxy = await serve(context, (_request, response) => reply(response, 401, { "www-authenticate": `Bearer realm="${inside.origin}/token",service="m"` }));
  const registry = await serve(context, (_request, response) => reply(response, 200, TYPE, manifest));
  file("etc/containerd/certs.d/registry.test/hosts.toml", `server = "${registry.origin}"\n[host."http://mirror.test"]\n`);
  file("home/.docker/config.json", JSON.stringify({ proxies: { default: { httpProxy: proxy.origin } } }));
  const trouble: string[] = [];
  await using opened = client({ onMirrorFailure: (mirror, { code }) => trouble.push(`${mirror} ${code}`) });
  await opened.manifestGet(parseReference("registry.test/app:1"));
  assert.deepEqual(trouble, ["http://mirror.test REDIRECT_REFUSED"]);
  assert.equal(inside.requests.length, 0);
});

test("our certificate is shown to the place it is for, and to no other host", async (context) => {
  const { file, hostsToml, client } = setUp(context);
  const seen: string[] = [];
  const tls = { ...testCertificate, ca: siteAuthority, requestCert: true, rejectUnauthorized: false };
  const note = (name: string, response: import("node:http").ServerResponse): void => {
    const { subject } = (response.socket as import("node:tls").TLSSocket).getPeerCertificate() as { subject?: { CN?: string } };
    seen.push(`${name} ${subject?.CN ?? "-"}`);
  };
  const storage = await serve(context, (_request, response) => (note("storage", response), reply(response, 200, TYPE, manifest)), { tls });
  const mirror = await serve(context, (request, response) => {
    note("mirror", response);
    reply(response, request.url === "/v2/" ? 200 : 307, { location: `${storage.origin}/stored` });
  }, { tls });
  const registry = await serve(context, (_request, response) => reply(response, 500));
  file("etc/pki/ca.pem", testAuthority);
  file("etc/pki/client.pem", `${siteClient.cert}\n${siteClient.key}\n`);
  hostsToml(registry.host, `[host."${mirror.origin}"]\nca = "../../../pki/ca.pem"\nclient = "../../../pki/client.pem"\n`);
  await using opened = client();
  await opened.manifestGet(parseReference(`${registry.host}/app:1`));
  assert.deepEqual(seen, ["mirror boatman", "mirror boatman", "storage -"]);
});
