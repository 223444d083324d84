import assert from "node:assert/strict";
import { test } from "node:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { basic, guardedRegistry, htpasswdOf } from "../../../test/support/guarded-registry.ts";
import { openSqliteMetadata } from "../storage/sqlite/open-sqlite-metadata.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { compileGrants } from "./grants.ts";
import { createSecretDesk } from "./secret-desk.ts";

const ACCESS = `roles: {watcher: [pull, scan]}
grants:
  - {who: root, role: admin, repositories: "**"}
  - {who: lead, role: admin, repositories: team/**}
  - {who: lead, role: reader, repositories: "**"}
  - {who: bob, role: writer, repositories: team/**}
  - {who: "robot:deploy", role: writer, repositories: prod/*}
  - {who: "robot:builder", role: writer, repositories: team/app}`;

test("nobody gives a robot what they do not administer, and tokens make no tokens", async (context) => {
  const { server, token } = await guardedRegistry(context, { users: { root: "r", lead: "l", bob: "b" }, access: ACCESS });
  const ask = async (user: string, password: string, method: string, path: string, body?: object) => {
    const answer = await server.request(method, `/api/v1/${path}`, {
      headers: { authorization: basic(user, password), "x-sampan-request": "1", "content-type": "application/json", ...(body ? { "content-length": Buffer.byteLength(JSON.stringify(body)) } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: answer.status, json: answer.json() as Record<string, unknown> & { items: { name: string; login: string }[]; secret: string; mayCreate: boolean } };
  };
  const robot = async (user: string, password: string, name: string, scope: object = {}) => (await ask(user, password, "POST", "robots", { name, expires: "1d", ...scope })).status;

  assert.equal(await robot("lead", "l", "ci", { role: "writer", repositories: ["team/**", "team/a/*"] }), 200);
  assert.equal(await robot("lead", "l", "ci", { role: "writer", repositories: ["team/**"] }), 409);
  assert.equal(await robot("lead", "l", "builder"), 200, "its grants are in repositories of the lead");
  for (const [name, scope] of [
    ["deploy", {}], ["deploy", { role: "writer", repositories: ["team/**"] }], ["nobody", {}], ["wide", { role: "reader", repositories: ["**"] }], ["mixed", { role: "reader", repositories: ["team/**", "prod/*"] }], ["beside", { role: "reader", repositories: ["team*/**"] }],
  ] as const) assert.equal(await robot("lead", "l", name, scope), 403, name);
  for (const scope of [{ role: "king", repositories: ["team/**"] }, { role: "writer", repositories: [] }, { role: "writer", repositories: ["/x"] }, { role: "writer" }]) assert.equal(await robot("lead", "l", "x", scope), 400);
  assert.equal(await robot("lead", "l", "A B", { role: "writer", repositories: ["team/**"] }), 400);
  assert.equal(await robot("bob", "b", "mine", { role: "reader", repositories: ["team/**"] }), 403);
  assert.equal(await robot("root", "r", "deploy"), 200);

  const names = async (user: string, password: string) => (await ask(user, password, "GET", "robots")).json.items.map(({ name }) => name);
  assert.deepEqual([await names("root", "r"), await names("lead", "l"), await names("bob", "b")], [["builder", "ci", "deploy"], ["builder", "ci"], []]);
  assert.equal((await ask("lead", "l", "DELETE", "robots", { name: "deploy" })).status, 404, "what is not theirs is not there");
  assert.equal((await ask("lead", "l", "POST", "robots/disable", { name: "deploy", disabled: true })).status, 404);

  const made = await ask("bob", "b", "POST", "tokens", { name: "laptop", expires: "never", role: "watcher", repositories: ["team/**"] });
  assert.deepEqual([made.status, made.json["login"], /^sampan_token_/.test(made.json.secret)], [200, "bob", true]);
  for (const path of ["tokens", "robots"]) assert.equal((await ask("bob", made.json.secret, "GET", path)).status, 403);
  assert.equal((await ask("bob", made.json.secret, "POST", "tokens", { name: "second", expires: "never" })).status, 403);
  const bearer = await token(["repository:team/app:pull"], { user: "root", password: "r" });
  assert.equal((await server.request("GET", "/api/v1/robots", { headers: { authorization: bearer } })).status, 403);
  assert.equal((await server.request("GET", "/api/v1/robots")).status, 401);
  assert.deepEqual((await ask("lead", "l", "GET", "tokens")).json.items, []);
  assert.equal((await ask("lead", "l", "DELETE", "tokens", { name: "laptop", user: "bob" })).status, 404);
  const listed = (await ask("root", "r", "GET", "tokens")).json;
  assert.ok(listed.items[0]!.login === "bob" && !JSON.stringify(listed).includes(made.json.secret));
  assert.equal((await ask("root", "r", "DELETE", "tokens", { name: "laptop", user: "bob" })).status, 200);
  assert.equal((await server.request("GET", "/v2/", { headers: { authorization: basic("bob", made.json.secret) } })).status, 401);
});

test("who has a name now does not wake the tokens of who had it before, an administrator may", async (context) => {
  const { server, htpasswd } = await guardedRegistry(context, { users: { root: "r", bob: "b" }, access: ACCESS });
  const ask = async (user: string, password: string, path: string, body: object) => {
    const text = JSON.stringify(body);
    return server.request("POST", `/api/v1/${path}`, { headers: { authorization: basic(user, password), "x-sampan-request": "1", "content-type": "application/json", "content-length": Buffer.byteLength(text) }, body: text });
  };
  const { secret } = (await ask("bob", "b", "tokens", { name: "laptop", expires: "never" })).json() as { secret: string };
  const status = async (): Promise<number> => (await server.request("GET", "/v2/", { headers: { authorization: basic("bob", secret) } })).status;
  const disable = async (user: string, password: string, disabled: boolean): Promise<number> => (await ask(user, password, "tokens/disable", { name: "laptop", user: "bob", disabled })).status;
  assert.deepEqual([await disable("bob", "b", true), await status(), await disable("bob", "b", false), await status()], [200, 401, 200, 200]);
  writeFileSync(htpasswd, htpasswdOf({ root: "r", bob: "another bob" }));
  await wait(1100);
  assert.deepEqual([await status(), await disable("bob", "another bob", false), await status()], [401, 403, 401]);
  assert.deepEqual([await disable("root", "r", false), await status()], [200, 200]);
});

test("who came from an identity provider gets no token of the user of the directory that has the same name", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-desk-"));
  context.after(() => rmSync(folder, { recursive: true }));
  await using secrets = await openSqliteMetadata(join(folder, "registry.db"), { lease: 0, report: assert.fail });
  const desk = createSecretDesk({ grants: compileGrants({ roles: {}, grants: [] }), secrets, personOf: async () => "carol of the directory" });
  const actor = { user: "carol", address: undefined, agent: undefined };
  const wanted = { name: "laptop", scope: undefined, expiresAt: undefined };
  const own = { kind: "user", name: "carol", groups: [] } as const;
  const provided = { ...own, provided: true } as const;
  assert.deepEqual([await desk.mayCreate("token", own), await desk.mayCreate("token", provided)], [true, false]);
  await assert.rejects(desk.create("token", provided, wanted, actor), (error) => error instanceof RegistryError && error.code === "DENIED");
  assert.equal((await desk.create("token", own, wanted, actor)).record.person, "carol of the directory");
});
