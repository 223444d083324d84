import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { basic, guardedRegistry, htpasswdOf } from "../../../test/support/guarded-registry.ts";
import type { SecretKind, SecretScope } from "../storage/secrets.ts";
import { openRecordsBeside } from "../storage/upkeep/open-beside.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { createSecretLogins } from "./secret-logins.ts";
import { hashSecret, makeSecret } from "./secret.ts";

const ACCESS = `groups: {core: [alice]}
grants:
  - {who: robot:ci, role: reader, repositories: "shared/**"}
  - {who: group:core, role: maintainer, repositories: "**"}`;
const actor = { user: undefined, address: undefined, agent: "test" };

/** A registry, and its records as another process opens them. */
async function registryWithRecords(context: TestContext) {
  const registry = await guardedRegistry(context, { users: { alice: "pw" }, access: ACCESS });
  const records = await openRecordsBeside(registry.server.root, { lease: 0, report: (problem) => assert.fail(problem) });
  context.after(() => records[Symbol.asyncDispose]());
  const make = async (kind: SecretKind, name: string, more: { owner?: string; scope?: SecretScope; expiresAt?: number; person?: string } = {}): Promise<string> => {
    const secret = makeSecret(kind);
    const made = await records.createSecret({ kind, owner: more.owner ?? "", name, hash: hashSecret(secret), scope: more.scope, expiresAt: more.expiresAt, person: more.person }, actor);
    assert.ok(made);
    return secret;
  };
  const status = async (method: string, path: string, authorization: string): Promise<number> => (await registry.server.request(method, path, { headers: { authorization } })).status;
  const refresh = async (fields: Record<string, string>) => {
    const answer = await registry.server.request("POST", "/auth/token", { headers: { "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams(fields).toString() });
    return { status: answer.status, json: answer.json() as Record<string, string> };
  };
  return { ...registry, records, make, status, refresh };
}

test("a robot has the grants of the configuration and its own scope, with Basic and with tokens", async (context) => {
  const { make, status, token, server } = await registryWithRecords(context);
  const secret = await make("robot", "ci", { scope: { role: "writer", repositories: ["team/*"] } });
  const login = basic("robot$ci", secret);
  assert.equal(await status("GET", "/v2/", login), 200);
  assert.equal(await status("POST", "/v2/team/app/blobs/uploads/", login), 202);
  assert.equal(await status("GET", "/v2/shared/a/tags/list", login), 404, "allowed to look, and nothing is there");
  assert.equal(await status("POST", "/v2/shared/a/blobs/uploads/", login), 403);
  const refused = await server.request("POST", "/v2/prod/a/blobs/uploads/", { headers: { authorization: login } });
  assert.equal((refused.json() as { errors: { message: string }[] }).errors[0]!.message, "robot robot$ci may not push to prod/a: has rights in other repositories only");
  const bearer = await token(["repository:team/app:pull,push"], { user: "robot$ci", password: secret });
  assert.equal(await status("POST", "/v2/team/app/blobs/uploads/", bearer), 202);
  for (const wrong of [basic("robot$other", secret), basic("alice", secret), basic("ci", secret), basic("robot$ci", makeSecret("robot")), basic("robot$ci", "pw")]) assert.equal(await status("GET", "/v2/", wrong), 401);
});

test("a robot that another process disables, enables or removes, or that expires, is refused at once on every way", async (context) => {
  const { make, status, token, records, refresh } = await registryWithRecords(context);
  const secret = await make("robot", "ci", { scope: { role: "writer", repositories: ["**"] } });
  const name = { kind: "robot", owner: "", name: "ci" } as const;
  const login = basic("robot$ci", secret);
  const bearer = await token(["repository:a:pull,push"], { user: "robot$ci", password: secret });
  const { json } = await refresh({ grant_type: "password", username: "robot$ci", password: secret, access_type: "offline" });
  const ways = async (): Promise<number[]> => [
    await status("GET", "/v2/", login), await status("POST", "/v2/a/blobs/uploads/", bearer), (await refresh({ grant_type: "refresh_token", refresh_token: json["refresh_token"]! })).status,
  ];
  assert.deepEqual(await ways(), [200, 202, 200]);
  assert.equal(await records.disableSecret(name, true, actor), true);
  assert.deepEqual(await ways(), [401, 401, 401]);
  assert.equal(await records.disableSecret(name, false, actor), true);
  assert.deepEqual(await ways(), [200, 202, 200]);
  assert.equal(await records.deleteSecret(name, actor), true);
  assert.deepEqual(await ways(), [401, 401, 401]);
  await make("robot", "ci", { scope: { role: "writer", repositories: ["**"] } });
  assert.deepEqual(await ways(), [401, 401, 401], "a new robot of that name is another one");
  const brief = await make("robot", "brief", { expiresAt: Date.now() + 1500 });
  assert.equal(await status("GET", "/v2/", basic("robot$brief", brief)), 200);
  await wait(1600);
  assert.equal(await status("GET", "/v2/", basic("robot$brief", brief)), 401);
});

test("a personal token is the user's password, narrowed to its scope, and ends with the user", async (context) => {
  const { make, status, token, server, htpasswd, records } = await registryWithRecords(context);
  const whole = await make("token", "laptop", { owner: "alice" });
  const narrow = await make("token", "reading", { owner: "alice", scope: { role: "reader", repositories: ["team/**"] } });
  assert.equal(await status("POST", "/v2/prod/a/blobs/uploads/", basic("alice", whole)), 202);
  assert.equal(await status("GET", "/v2/team/a/tags/list", basic("alice", narrow)), 404);
  const refused = await server.request("POST", "/v2/team/a/blobs/uploads/", { headers: { authorization: basic("alice", narrow) } });
  assert.equal((refused.json() as { errors: { message: string }[] }).errors[0]!.message, "user alice may not push to team/a with this token: it is good for reader on team/** only");
  const bearer = await token(["repository:team/a:pull,push", "repository:prod/a:pull"], { user: "alice", password: narrow });
  assert.deepEqual([await status("GET", "/v2/team/a/tags/list", bearer), await status("POST", "/v2/team/a/blobs/uploads/", bearer), await status("GET", "/v2/prod/a/tags/list", bearer)], [404, 403, 403]);
  writeFileSync(htpasswd, htpasswdOf({ bob: "pw" }));
  await wait(1100);
  assert.deepEqual([await status("GET", "/v2/", basic("alice", whole)), await status("GET", "/v2/team/a/tags/list", bearer)], [401, 401]);
  writeFileSync(htpasswd, htpasswdOf({ alice: "another alice" }));
  await wait(1100);
  assert.equal(await status("GET", "/v2/", basic("alice", "another alice")), 200);
  assert.deepEqual([await status("GET", "/v2/", basic("alice", whole)), await status("GET", "/v2/team/a/tags/list", bearer)], [401, 401], "the new alice is another one");
  const told = await server.request("GET", "/v2/", { headers: { authorization: basic("alice", whole) } });
  assert.equal((told.json() as { errors: { message: string }[] }).errors[0]!.message, "the personal token laptop is not good any more: it has expired, or the user alice or their password was another one when it was made");
  assert.equal(await records.disableSecret({ kind: "token", owner: "alice", name: "laptop" }, false, actor), true);
  assert.equal(await status("GET", "/v2/", basic("alice", whole)), 200, "an administrator gives it to who has the name now");
  writeFileSync(htpasswd, htpasswdOf({ alice: "the third" }));
  await wait(1100);
  assert.deepEqual([await status("GET", "/v2/", basic("alice", whole)), await status("GET", "/v2/", basic("alice", "the third"))], [401, 200], "nobody saw the name without a user, and still it is another one's");
});

test("tokens that nobody uses end with their user too; those of users who are there, and of a directory that is down, stay", async (context) => {
  const { make, records } = await registryWithRecords(context);
  await make("token", "unused", { owner: "gone" });
  await make("token", "later", { owner: "aaron" });
  await make("token", "good", { owner: "alice" });
  await make("token", "another", { owner: "alice", person: "the first alice" });
  await make("token", "new", { owner: "zoe", person: "a new user" });
  const { endOrphans } = createSecretLogins(records, async (user) => {
    if (user === "aaron") throw new RegistryError("UNAVAILABLE", "the directory is down");
    return user === "alice" ? { groups: [], person: "the second alice" } : undefined;
  });
  const seen = async () => {
    await assert.rejects(endOrphans(), (error) => (error as RegistryError).code === "UNAVAILABLE");
    return (await records.secrets("token")).map(({ name, disabled, person }) => [name, disabled, person]);
  };
  const found = await seen();
  assert.deepEqual(found, [["later", false, undefined], ["another", false, "the first alice"], ["good", false, "the second alice"], ["unused", true, undefined], ["new", false, "a new user"]], "the first alice and zoe may be some that only another server knows yet");
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() + 11 * 60_000 });
  const later = await seen();
  assert.deepEqual([later[1], later[4]], [["another", true, "the first alice"], ["new", true, "a new user"]]);
  context.mock.timers.reset();
});

test("robots and tokens are in the log of changes, their secrets and hashes are not", async (context) => {
  const { make, status, records } = await registryWithRecords(context);
  const secret = await make("robot", "ci", { scope: { role: "writer", repositories: ["a", "b"] } });
  await make("token", "laptop", { owner: "alice" });
  assert.equal(await status("GET", "/v2/", basic("robot$ci", secret)), 200);
  await records.disableSecret({ kind: "robot", owner: "", name: "ci" }, true, actor);
  await records.deleteSecret({ kind: "token", owner: "alice", name: "laptop" }, actor);
  assert.equal(await records.deleteSecret({ kind: "token", owner: "alice", name: "laptop" }, actor), false);
  const events = await records.events({ after: 0, limit: 100 });
  assert.deepEqual(events.map(({ action, detail }) => [action, detail]), [
    ["robot.create", { name: "ci", role: "writer", repositories: "a, b" }], ["token.create", { name: "laptop", user: "alice" }],
    ["robot.disable", { name: "ci" }], ["token.delete", { name: "laptop", user: "alice" }],
  ]);
  assert.ok(!JSON.stringify(events).includes(secret) && !JSON.stringify(events).includes(hashSecret(secret)));
  assert.ok((await records.secrets("robot"))[0]!.usedAt! > Date.now() - 60_000);
});
