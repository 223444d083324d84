import assert from "node:assert/strict";
import { test } from "node:test";
import { basic, guardedRegistry } from "../../../test/support/guarded-registry.ts";

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
