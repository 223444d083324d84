import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { generateKeyPair, SignJWT } from "jose";
import { basic, guardedRegistry } from "../../../test/support/guarded-registry.ts";
import { CLIENT, startOidcProvider } from "../../../test/support/oidc-provider.ts";
import { isFault } from "../../std/fault.ts";
import { readConfig } from "../config/read-config.ts";

async function provided(context: TestContext, more = "") {
  const provider = await startOidcProvider(context);
  const registry = await guardedRegistry(context, {
    users: { alice: "pw" },
    access: `oidc:
  issuer: ${provider.issuer}
  clientId: ${CLIENT.id}
  clientSecret: ${CLIENT.secret}
${more}grants:
  - {who: "user:group/project", role: writer, repositories: "group/project/**"}
  - {who: group:core, role: writer, repositories: "prod/*"}
  - {who: alice, role: admin, repositories: "**"}`,
  });
  const status = async (user: string, password: string, path = "/v2/", method = "GET"): Promise<number> =>
    (await registry.server.request(method, path, { headers: { authorization: basic(user, password) } })).status;
  const post = async (fields: Record<string, string>, path = "/auth/token") => {
    const answer = await registry.server.request("POST", path, { headers: { "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams(fields).toString() });
    return { status: answer.status, json: answer.json() as Record<string, string>, body: answer.body.toString() };
  };
  return { provider, ...registry, status, post };
}

test("a job logs in with the token of its provider, and gets no refresh token", async (context) => {
  const { provider, status, post, token, server } = await provided(context, "  workloadClaim: project_path\n");
  const job = await provider.token({ project_path: "group/project" });
  assert.equal(await status("oidc", job, "/v2/group/project/app/blobs/uploads/", "POST"), 202);
  assert.equal(await status("<token>", job, "/v2/group/project/app/blobs/uploads/", "POST"), 202);
  assert.equal(await status("oidc", job, "/v2/prod/app/blobs/uploads/", "POST"), 403);
  for (const user of ["oidc", "<token>"]) {
    const authorization = await token(["repository:group/project/app:pull,push"], { user, password: job });
    assert.equal((await server.request("POST", "/v2/group/project/app/blobs/uploads/", { headers: { authorization } })).status, 202);
  }
  const answer = await post({ grant_type: "password", username: "oidc", password: job, access_type: "offline" });
  assert.deepEqual([answer.status, answer.json["refresh_token"]], [200, undefined]);
  assert.equal(await status("alice", job), 401, "it says itself whose it is");
});

test("tokens of others, for others, of the past, forged and without a name are refused", async (context) => {
  const { provider, status, server } = await provided(context);
  const { privateKey } = await generateKeyPair("RS256");
  const claims = { preferred_username: "carol", groups: ["core"] };
  assert.equal(await status("oidc", await provider.token(claims), "/v2/prod/app/blobs/uploads/", "POST"), 202);
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const forged = new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k1" }).setIssuer(provider.issuer).setAudience(CLIENT.id).setSubject("x").setIssuedAt().setExpirationTime("5m");
  const [, payload] = (await provider.token(claims)).split(".");
  for (const bad of [
    await provider.token(claims, (jwt) => jwt.setAudience("other")), await provider.token(claims, (jwt) => jwt.setIssuer("https://other")),
    await provider.token(claims, (jwt) => jwt.setExpirationTime("-5m")), await provider.token(claims, (jwt) => jwt.setNotBefore("1h")),
    await provider.token({}), await provider.token({ preferred_username: "a b" }), await provider.token({ preferred_username: "alice" }), await provider.token({ preferred_username: "robot$ci" }),
    await forged.sign(privateKey), `${encode({ alg: "none" })}.${payload}.`, `${encode({ alg: "HS256", kid: "k1" })}.${payload}.AAAA`, "x.y.z", "",
  ]) assert.equal(await status("oidc", bad), 401, bad.slice(0, 60));
  assert.deepEqual(server.problems, []);
});

test("a person confirms a login elsewhere, and gets a refresh token for the time of a session", async (context) => {
  const { provider, post, token, server } = await provided(context, "  session: 1h\n");
  const begun = await post({}, "/auth/device");
  assert.deepEqual([begun.status, begun.json["verification_uri"]], [200, `${provider.issuer}/activate`]);
  const poll = () => post({ grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: begun.json["device_code"]! });
  const waiting = await poll();
  assert.deepEqual([waiting.status, waiting.body.includes('"error":"authorization_pending"')], [400, true]);
  provider.approve(begun.json["user_code"]!, { preferred_username: "carol", groups: ["core"] });
  const done = await poll();
  assert.deepEqual([done.status, done.json["username"]], [200, "carol"]);
  const refresh = done.json["refresh_token"]!;
  const { exp, iat } = JSON.parse(Buffer.from(refresh.split(".")[1]!, "base64url").toString()) as { exp: number; iat: number };
  assert.equal(exp - iat, 3600);
  const authorization = await token(["repository:prod/a:pull,push"], { user: "<token>", password: refresh });
  assert.equal((await server.request("POST", "/v2/prod/a/blobs/uploads/", { headers: { authorization } })).status, 202);

  const refused = await post({}, "/auth/device");
  provider.deny(refused.json["user_code"]!);
  assert.equal((await post({ grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: refused.json["device_code"]! })).status, 401);
  assert.equal((await post({ grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: "of nobody" })).status, 401);
  assert.equal((await post({ grant_type: "urn:ietf:params:oauth:grant-type:device_code" })).status, 400);
});

test("who tells of its users in a signed form lets them in with what their tokens say", async (context) => {
  for (const [type, body, groups] of [["application/json; charset=utf-8", '{"sub":"subject 1","groups":["core"]}', 202], ["application/jwt", "x.y.z", 403], ["application/json", '{"sub":"another","groups":["core"]}', 403]] as const) {
    const { provider, post, token, server } = await provided(context);
    provider.tell(type, body);
    const begun = await post({}, "/auth/device");
    provider.approve(begun.json["user_code"]!, { preferred_username: "carol" });
    const done = await post({ grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: begun.json["device_code"]! });
    assert.deepEqual([done.status, done.json["username"]], [200, "carol"], type);
    const authorization = await token(["repository:prod/a:pull,push"], { user: "<token>", password: done.json["refresh_token"]! });
    assert.equal((await server.request("POST", "/v2/prod/a/blobs/uploads/", { headers: { authorization } })).status, groups, type);
  }
});

test("a provider that is down refuses its users with a reason, and nobody else", async (context) => {
  const { provider, status, server } = await provided(context);
  const job = await provider.token({ preferred_username: "carol" });
  await provider.stop();
  const refused = await server.request("GET", "/v2/", { headers: { authorization: basic("oidc", job) } });
  assert.deepEqual([refused.status, refused.code()], [503, "UNAVAILABLE"]);
  assert.equal(await status("alice", "pw"), 200);
  assert.ok(server.problems.length > 0 && !server.problems.map((problem) => `${problem.stack} ${String(problem.cause)}`).join("").includes(job));
  server.problems.length = 0;
});

test("a provider without https is a mistake", () => {
  assert.throws(() => readConfig("access: {oidc: {issuer: 'http://idp.example.com', clientId: a}}", "r.yaml"), (error) => isFault(error, "SERVER_CONFIG_INVALID") && /it has to be https/.test(error.message));
  assert.throws(() => readConfig("access: {oidc: {issuer: 'http://127.0.0.1.example.com', clientId: a}}", "r.yaml"), (error) => isFault(error, "SERVER_CONFIG_INVALID"));
});
