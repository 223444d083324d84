import assert from "node:assert/strict";
import { test } from "node:test";
import { basic, guardedRegistry } from "../../../test/support/guarded-registry.ts";

const ACCESS = "grants: [{who: authenticated, role: reader, repositories: '**'}]\nloginLimit: {failures: 1, within: 1h}";
const users = { alice: "right" };

test("behind a proxy each client has its own limit, and a proxy that says nothing has none", async (context) => {
  const { server } = await guardedRegistry(context, { users, access: ACCESS, more: "trustedProxies: [127.0.0.1]\n" });
  const login = async (user: string, password: string, from?: string): Promise<number> =>
    (await server.request("GET", "/v2/", { headers: { authorization: basic(user, password), ...(from === undefined ? {} : { "x-forwarded-for": from }) } })).status;
  // Ten failures of an address are too many, whoever fails; all of a network of IPv6 are one.
  for (let index = 0; index < 10; index += 1) assert.equal(await login(`user${index}`, "guess", `2001:db8::${index}`), 401);
  assert.equal(await login("alice", "right", "2001:db8::ffff"), 429);
  assert.equal(await login("alice", "right", "2001:db8::ffff, 192.0.2.1"), 200);
  for (let index = 10; index < 22; index += 1) assert.equal(await login(`user${index}`, "guess"), 401);
  assert.equal(await login("alice", "right"), 200);
});

test("the realm is where the proxy says that clients come to", async (context) => {
  const headers = { "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", "x-forwarded-host": "registry.example.com" };
  const realm = async (more: string): Promise<string | undefined> => {
    const { server } = await guardedRegistry(context, { users, access: ACCESS, more });
    return (await server.request("GET", "/v2/", { headers })).headers["www-authenticate"]!.replace(server.address, "ADDRESS");
  };
  assert.equal(await realm("trustedProxies: [127.0.0.0/8]\n"), 'Bearer realm="https://registry.example.com/auth/token",service="sampan-registry"');
  assert.equal(await realm("trustedProxies: [10.0.0.0/8]\n"), 'Bearer realm="http://ADDRESS/auth/token",service="sampan-registry"');
});

test("the log of changes has the client's address, and not that of the proxy", async (context) => {
  const { server } = await guardedRegistry(context, { users: { ...users, root: "pw" }, access: "grants: [{who: root, role: admin, repositories: '**'}, {who: alice, role: admin, repositories: b}]", more: "trustedProxies: [127.0.0.1]\n" });
  const headers = { authorization: basic("root", "pw"), "x-forwarded-for": "192.0.2.7" };
  assert.equal((await server.request("POST", "/v2/a/blobs/uploads/?digest=sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", { headers, body: "foo" })).status, 201);
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", size: 3 };
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  assert.equal((await server.request("PUT", "/v2/a/manifests/1", { headers: { ...headers, "content-type": mediaType }, body: JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] }) })).status, 201);
  const changes = (await server.request("GET", "/api/v1/audit?repository=a", { headers })).body.toString();
  assert.ok(changes.includes("192.0.2.7") && !changes.includes("127.0.0.1"), changes);

  // Nor does it tell the name of a repository that its reader does not see.
  assert.equal((await server.request("POST", `/v2/b/blobs/uploads/?mount=${config.digest}&from=a`, { headers })).status, 201);
  const mounts = async (authorization: string): Promise<unknown> =>
    (JSON.parse((await server.request("GET", "/api/v1/audit?repository=b", { headers: { authorization } })).body.toString()) as { items: { action: string; detail?: unknown }[] }).items.find(({ action }) => action === "blob.mount")?.detail;
  assert.deepEqual([await mounts(basic("root", "pw")), await mounts(basic("alice", "right"))], [{ from: "a" }, {}]);
});
