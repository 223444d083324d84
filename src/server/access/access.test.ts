import assert from "node:assert/strict";
import { generateKeyPairSync, createHmac } from "node:crypto";
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { SignJWT } from "jose";
import { digestOf } from "../../../test/support/scratch-registry.ts";
import { basic, guardedRegistry, htpasswdOf } from "../../../test/support/guarded-registry.ts";
import { isFault } from "../../std/fault.ts";
import { serveRegistry } from "../serve-registry.ts";

const USERS = { alice: "secret:1", bob: "pässword" };
const ACCESS = `groups: {core: [alice]}
grants:
  - {who: anonymous, role: reader, repositories: public/**}
  - {who: authenticated, role: reader, repositories: "team/**"}
  - {who: bob, role: writer, repositories: team/bob}
  - {who: group:core, role: maintainer, repositories: ["team/**", "public/**", "prod/*"]}`;
const alice = { user: "alice", password: USERS.alice };
const bob = { user: "bob", password: USERS.bob };

const guarded = (context: TestContext, more = "") => guardedRegistry(context, { users: USERS, access: ACCESS, more });
type Guarded = Awaited<ReturnType<typeof guarded>>;

/** Pushes an image of one blob; gives the manifest's digest. */
async function push({ server }: Guarded, repository: string, tag: string, authorization: string, content = "hello"): Promise<{ status: number; message: string; digest: string }> {
  const headers = { authorization };
  const blob = await server.request("POST", `/v2/${repository}/blobs/uploads/?digest=${digestOf(content)}`, { headers, body: content });
  if (blob.status !== 201) return { status: blob.status, message: (blob.json() as { errors: { message: string }[] }).errors[0]!.message, digest: "" };
  const descriptor = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(content), size: content.length };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: descriptor, layers: [] });
  const put = await server.request("PUT", `/v2/${repository}/manifests/${tag}`, { headers: { ...headers, "content-type": "application/vnd.oci.image.manifest.v1+json" }, body: manifest });
  return { status: put.status, message: put.status === 201 ? "" : (put.json() as { errors: { message: string }[] }).errors[0]!.message, digest: digestOf(manifest) };
}

test("who comes without a token is challenged, everywhere, with what to ask for and where", async (context) => {
  const { server } = await guarded(context);
  const challengeOf = async (method: string, path: string): Promise<string> => {
    const answer = await server.request(method, path);
    assert.equal(answer.status, 401);
    assert.equal(answer.code(), "UNAUTHORIZED");
    return answer.headers["www-authenticate"]!;
  };
  const realm = `Bearer realm="http://${server.address}/auth/token",service="sampan-registry"`;
  assert.equal(await challengeOf("GET", "/v2/"), realm);
  assert.equal(await challengeOf("GET", "/v2/public/a/manifests/1"), `${realm},scope="repository:public/a:pull"`);
  assert.equal(await challengeOf("POST", "/v2/team/x/blobs/uploads/"), `${realm},scope="repository:team/x:pull,push"`);
  assert.equal(await challengeOf("POST", `/v2/team/x/blobs/uploads/?mount=${digestOf("")}&from=team/y`), `${realm},scope="repository:team/x:pull,push repository:team/y:pull"`);
  assert.equal(await challengeOf("DELETE", "/v2/team/x/manifests/1"), `${realm},scope="repository:team/x:pull,delete"`);
  assert.equal(await challengeOf("GET", "/v2/_catalog"), `${realm},scope="registry:catalog:*"`);
  const hostile = await server.request("GET", "/v2/", { headers: { host: 'evil",realm="http://evil' } });
  assert.deepEqual([hostile.status, hostile.headers["www-authenticate"]], [400, undefined]);
});

test("a token is good for what was asked for and is allowed, and for nothing else", async (context) => {
  const registry = await guarded(context);
  const { server, token } = registry;
  const writer = await token(["repository:team/bob:pull,push"], bob);
  assert.equal((await server.request("GET", "/v2/", { headers: { authorization: writer } })).status, 200);
  const pushed = await push(registry, "team/bob", "1", writer);
  assert.equal(pushed.status, 201, pushed.message);

  const elsewhere = await push(registry, "team/other", "1", writer);
  assert.deepEqual([elsewhere.status, elsewhere.message], [403, "user bob may not push to team/other: has only reader on team/** (authenticated)"]);
  const prod = await push(registry, "prod/shop", "1", await token(["repository:prod/shop:pull,push"], bob));
  assert.deepEqual([prod.status, prod.message], [403, "user bob may not push to prod/shop: has rights in other repositories only"]);
  assert.equal((await push(registry, "prod/shop", "1", await token(["repository:prod/shop:pull,push"], alice))).status, 201);

  const weak = await server.request("DELETE", "/v2/team/bob/manifests/1", { headers: { authorization: await token(["repository:team/bob:pull"], alice) } });
  assert.equal(weak.status, 401, "the owner may, so that a better token helps");
  assert.match(weak.headers["www-authenticate"]!, /scope="repository:team\/bob:pull,delete",error="insufficient_scope"$/);
  assert.equal((await server.request("DELETE", "/v2/team/bob/manifests/1", { headers: { authorization: await token(["repository:team/bob:delete"], bob) } })).status, 403);
  assert.equal((await server.request("DELETE", "/v2/team/bob/manifests/1", { headers: { authorization: await token(["repository:team/bob:delete"], alice) } })).status, 202);
});

test("public repositories are pulled with an anonymous token, and only pulled", async (context) => {
  const registry = await guarded(context);
  const { server, token } = registry;
  assert.equal((await push(registry, "public/a", "1", await token(["repository:public/a:pull,push"], alice))).status, 201);
  const anonymous = await token(["repository:public/a:pull,push"]);
  assert.equal((await server.request("GET", "/v2/public/a/manifests/1", { headers: { authorization: anonymous } })).status, 200);
  const refused = await push(registry, "public/a", "2", anonymous);
  assert.deepEqual([refused.status, refused.message], [401, "nobody may push to public/a without a login: log in first"]);
  assert.equal((await server.request("GET", "/v2/team/bob/manifests/1", { headers: { authorization: await token(["repository:team/bob:pull"]) } })).status, 401);
});

test("name and password do without a token, and wrong ones are refused on every way", async (context) => {
  const registry = await guarded(context);
  const { server } = registry;
  assert.equal((await push(registry, "team/bob", "1", basic("bob", USERS.bob))).status, 201);
  assert.equal((await server.request("GET", "/v2/", { headers: { authorization: basic("alice", USERS.alice) } })).status, 200);
  for (const authorization of [basic("alice", "x"), basic("nobody", "x"), basic("", ""), basic("alice", ""), "Basic !!!", "Digest x", "Bearer", "Bearer x.y.z", basic("alice", "x".repeat(5000))]) {
    const answer = await server.request("GET", "/v2/", { headers: { authorization } });
    assert.deepEqual([answer.status, answer.code(), /^Bearer realm=/.test(answer.headers["www-authenticate"] ?? "")], [401, "UNAUTHORIZED", true], authorization.slice(0, 30));
  }
  const answer = await server.request("GET", "/auth/token", { headers: { authorization: basic("alice", "x") } });
  assert.deepEqual([answer.status, answer.code()], [401, "UNAUTHORIZED"]);
});

test("tokens by POST: a password, then the refresh token that came with it, until the password changes", async (context) => {
  const { server, htpasswd } = await guarded(context);
  const post = async (fields: Record<string, string>): Promise<{ status: number; json: Record<string, unknown> }> => {
    const answer = await server.request("POST", "/auth/token", { headers: { "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams(fields).toString() });
    return { status: answer.status, json: answer.json() as Record<string, unknown> };
  };
  const first = await post({ grant_type: "password", username: "alice", password: USERS.alice, service: "sampan-registry", client_id: "test", access_type: "offline", scope: "repository:team/a:pull repository:public/b:push" });
  assert.equal(first.status, 200);
  assert.equal(first.json["scope"], "repository:team/a:pull repository:public/b:push,retag,sign");
  assert.equal(first.json["expires_in"], 300);
  const refresh = String(first.json["refresh_token"]);
  const second = await post({ grant_type: "refresh_token", refresh_token: refresh, service: "sampan-registry", client_id: "test", scope: "repository:team/a:pull" });
  assert.deepEqual([second.status, second.json["refresh_token"]], [200, refresh]);
  assert.equal((await server.request("GET", "/v2/", { headers: { authorization: `Bearer ${refresh}` } })).status, 401, "a refresh token is no access token");
  assert.equal((await post({ grant_type: "refresh_token", refresh_token: String(first.json["access_token"]) })).status, 401, "nor the other way round");
  assert.equal((await post({ grant_type: "password", username: "alice", password: "x" })).status, 401);
  assert.equal((await post({ grant_type: "other" })).status, 400);
  assert.equal((await server.request("POST", "/auth/token", { body: "x".repeat(100_000) })).status, 413);
  writeFileSync(htpasswd, htpasswdOf({ alice: "new" }));
  await wait(1100);
  assert.equal((await post({ grant_type: "refresh_token", refresh_token: refresh })).status, 401);
  assert.equal((await server.request("GET", "/v2/", { headers: { authorization: basic("alice", USERS.alice) } })).status, 401);
  assert.equal((await server.request("GET", "/v2/", { headers: { authorization: basic("alice", "new") } })).status, 200);
});

test("forged tokens: other keys, other algorithms, other audiences, old ones", async (context) => {
  const registry = await guarded(context);
  const { server, token } = registry;
  const good = (await token(["repository:team/bob:pull,push"], bob)).slice("Bearer ".length);
  const [header, payload, signature] = good.split(".") as [string, string, string];
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string };
  const more = encode({ ...claims, access: [{ type: "repository", name: "prod/shop", actions: ["pull", "push"] }] });
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const other = await new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey);
  const withPublic = `${encode({ alg: "HS256", kid })}.${payload}`;
  const forged = [
    `${header}.${more}.${signature}`, other, `${encode({ alg: "none" })}.${payload}.`, `${encode({ alg: "none", kid })}.${payload}.${signature}`,
    `${withPublic}.${createHmac("sha256", publicKey.export({ type: "spki", format: "pem" })).update(withPublic).digest("base64url")}`,
    `${encode({ alg: "ES256", kid: "../../../etc/passwd" })}.${payload}.${signature}`, `${good}x`, good.slice(0, -3), "a.b.c", ".", "x".repeat(20_000),
  ];
  for (const bad of forged) {
    const answer = await server.request("GET", "/v2/team/bob/tags/list", { headers: { authorization: `Bearer ${bad}` } });
    assert.deepEqual([answer.status, answer.code()], [401, "UNAUTHORIZED"], bad.slice(0, 80));
    assert.match(answer.headers["www-authenticate"]!, /error="invalid_token"$/);
  }
  const keys = readdirSync(join(server.root, "keys"));
  assert.equal(keys.length, 1);
  assert.equal(statSync(join(server.root, "keys", keys[0]!)).mode & 0o777, 0o600);
});

test("with a configured key, tokens of another audience, another issuer and the past are refused", async (context) => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const { server, token } = await guarded(context, `token:\n  key: |\n${pem.trim().split("\n").map((line) => `    ${line}\n`).join("")}`);
  const good = await token(["repository:team/bob:pull"], bob);
  const { kid } = JSON.parse(Buffer.from(good.slice(7).split(".")[0]!, "base64url").toString()) as { kid: string };
  const made = (change: (jwt: SignJWT) => SignJWT): Promise<string> => {
    const jwt = new SignJWT({ access: [{ type: "repository", name: "team/bob", actions: ["pull"] }] }).setProtectedHeader({ alg: "ES256", kid })
      .setIssuer("sampan").setAudience("sampan-registry").setSubject("bob").setExpirationTime("5m");
    return change(jwt).sign(privateKey);
  };
  const statusOf = async (jwt: string): Promise<number> => (await server.request("GET", "/v2/team/bob/tags/list", { headers: { authorization: `Bearer ${jwt}` } })).status;
  assert.equal(await statusOf(await made((jwt) => jwt)), 404, "let in, and there is no such repository");
  for (const change of [
    (jwt: SignJWT) => jwt.setIssuer("other"), (jwt: SignJWT) => jwt.setAudience("other"), (jwt: SignJWT) => jwt.setExpirationTime("-1m"), (jwt: SignJWT) => jwt.setNotBefore("1h"),
  ]) assert.equal(await statusOf(await made(change)), 401);
});

test("guessing is slowed down, one who knows the password is not", async (context) => {
  const registry = await guardedRegistry(context, { users: USERS, access: `loginLimit: {failures: 3, within: 1h}\n${ACCESS}` });
  const { server } = registry;
  const login = (user: string, password: string) => server.request("GET", "/v2/", { headers: { authorization: basic(user, password) } });
  assert.equal((await login("alice", USERS.alice)).status, 200);
  for (let guess = 0; guess < 3; guess += 1) assert.equal((await login("alice", `guess ${guess}`)).status, 401);
  const limited = await login("alice", "guess 4");
  assert.deepEqual([limited.status, limited.code()], [429, "TOOMANYREQUESTS"]);
  assert.ok(Number(limited.headers["retry-after"]) > 3000);
  assert.equal((await login("alice", USERS.alice)).status, 200, "known a moment ago");
  assert.equal((await login("bob", USERS.bob)).status, 200);
});

test("lists and mounts show only what may be pulled", async (context) => {
  const registry = await guarded(context);
  const { server, token } = registry;
  for (const repository of ["public/a", "team/x", "prod/shop"]) assert.equal((await push(registry, repository, "1", basic("alice", USERS.alice), repository)).status, 201);
  const catalog = async (authorization: string): Promise<unknown> => (await server.request("GET", "/v2/_catalog", { headers: { authorization } })).json();
  assert.deepEqual(await catalog(await token(["registry:catalog:*"])), { repositories: ["public/a"] });
  assert.deepEqual(await catalog(await token(["registry:catalog:*"], bob)), { repositories: ["public/a", "team/x"] });
  assert.deepEqual(await catalog(basic("alice", USERS.alice)), { repositories: ["prod/shop", "public/a", "team/x"] });

  const mount = async (content: string, from?: string): Promise<number> =>
    (await server.request("POST", `/v2/team/bob/blobs/uploads/?mount=${digestOf(content)}${from === undefined ? "" : `&from=${from}`}`, { headers: { authorization: basic("bob", USERS.bob) } })).status;
  assert.deepEqual([await mount("prod/shop", "prod/shop"), await mount("prod/shop")], [202, 202], "not what bob may not pull");
  assert.equal((await server.request("HEAD", `/v2/team/bob/blobs/${digestOf("prod/shop")}`, { headers: { authorization: basic("bob", USERS.bob) } })).status, 404);
  assert.deepEqual([await mount("team/x", "team/x"), await mount("public/a")], [201, 201]);
  const narrow = await token(["repository:team/bob:pull,push"], bob);
  const weak = await server.request("POST", `/v2/team/bob/blobs/uploads/?mount=${digestOf("team/x")}&from=team/x`, { headers: { authorization: narrow } });
  assert.equal(weak.status, 401, "the token says nothing of team/x");
  assert.match(weak.headers["www-authenticate"]!, /scope="repository:team\/bob:pull,push repository:team\/x:pull",error="insufficient_scope"/);
});

test("a token that is good for one repository shows nothing of others that its owner may pull", async (context) => {
  const registry = await guarded(context);
  const { server, token } = registry;
  for (const repository of ["team/x", "prod/shop"]) assert.equal((await push(registry, repository, "1", basic("alice", USERS.alice), repository)).status, 201);
  const authorization = await token(["repository:team/bob:pull,push"], alice);
  const ask = (method: string, path: string) => server.request(method, path, { headers: { authorization } });
  assert.equal((await ask("POST", `/v2/team/bob/blobs/uploads/?mount=${digestOf("prod/shop")}`)).status, 202, "as if nobody had it");
  assert.equal((await ask("HEAD", `/v2/team/bob/blobs/${digestOf("prod/shop")}`)).status, 404);
  const catalog = await ask("GET", "/v2/_catalog");
  assert.equal(catalog.status, 401);
  assert.match(catalog.headers["www-authenticate"]!, /scope="registry:catalog:\*",error="insufficient_scope"$/);
  const listed = async (scopes: string[]): Promise<string[]> =>
    ((await server.request("GET", "/api/v1/repositories", { headers: { authorization: await token(scopes, alice) } })).json() as { items: { name: string }[] }).items.map(({ name }) => name);
  assert.deepEqual([await listed(["repository:team/x:pull"]), await listed(["repository:team/x:push", "registry:catalog:*"])], [["team/x"], []]);
  const both = await server.request("POST", `/v2/team/bob/blobs/uploads/?mount=${digestOf("prod/shop")}`, { headers: { authorization: await token(["repository:team/bob:pull,push", "repository:prod/shop:pull"], alice) } });
  assert.equal(both.status, 201);
});

test("a private repository answers as one that is not there", async (context) => {
  const registry = await guarded(context);
  const { server, token } = registry;
  assert.equal((await push(registry, "prod/shop", "1", basic("alice", USERS.alice))).status, 201);
  for (const login of [undefined, bob]) {
    const answers = await Promise.all(["prod/shop", "prod/none"].map(async (name) => {
      const answer = await server.request("GET", `/v2/${name}/manifests/1`, { headers: { authorization: await token([`repository:${name}:pull`], login) } });
      return { status: answer.status, body: answer.body.toString().replaceAll(name, "NAME"), challenge: answer.headers["www-authenticate"]?.replaceAll(name, "NAME") };
    }));
    assert.deepEqual(answers[0], answers[1]);
    assert.equal(answers[0]!.status, login === undefined ? 401 : 403);
  }
});

test("a role without retag sets new tags and moves none", async (context) => {
  const registry = await guardedRegistry(context, { users: USERS, access: "roles: {adder: [pull, push]}\ngrants: [{who: bob, role: adder, repositories: a}, {who: alice, role: writer, repositories: a}]" });
  const asBob = basic("bob", USERS.bob);
  assert.equal((await push(registry, "a", "1", asBob, "one")).status, 201);
  assert.equal((await push(registry, "a", "1", asBob, "one")).status, 201, "the same again moves nothing");
  const moved = await push(registry, "a", "1", asBob, "two");
  assert.deepEqual([moved.status, moved.message], [403, "user bob may not move tags in a: has only adder on a (bob)"]);
  assert.equal((await push(registry, "a", "2", await registry.token(["repository:a:pull,push"], bob), "two")).status, 201);
  assert.equal((await push(registry, "a", "1", await registry.token(["repository:a:pull,push"], alice), "two")).status, 201);
});

test("attaching something to an image needs the right to sign", async (context) => {
  const registry = await guardedRegistry(context, { users: USERS, access: "roles: {adder: [pull, push]}\ngrants: [{who: bob, role: adder, repositories: a}, {who: alice, role: writer, repositories: a}]" });
  const { digest } = await push(registry, "a", "1", basic("bob", USERS.bob), "one");
  const attach = async (user: keyof typeof USERS, tag?: string): Promise<number> => {
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("one"), size: 3 };
    const body = JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers: [], ...(tag ? {} : { subject: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 1 } }) });
    const answer = await registry.server.request("PUT", `/v2/a/manifests/${tag ?? digestOf(body)}`, { headers: { authorization: basic(user, USERS[user]), "content-type": "application/vnd.oci.image.manifest.v1+json" }, body });
    return answer.status;
  };
  const cosign = `${digest.replace(":", "-")}.sig`;
  assert.deepEqual([await attach("bob"), await attach("bob", cosign), await attach("alice"), await attach("alice", cosign)], [403, 403, 201, 201]);
});

test("who may sign and not push attaches signatures and SBOMs, and makes no image and no tag", async (context) => {
  const registry = await guardedRegistry(context, { users: USERS, access: "roles: {signer: [pull, sign]}\ngrants: [{who: bob, role: signer, repositories: a}, {who: alice, role: writer, repositories: a}]" });
  const { digest } = await push(registry, "a", "1", basic("alice", USERS.alice), "one");
  const type = "application/vnd.oci.image.manifest.v1+json";
  const bearer = await registry.token(["repository:a:pull,push"], { user: "bob", password: USERS.bob });
  for (const authorization of [basic("bob", USERS.bob), bearer]) {
    const content = `signature for ${authorization}`;
    const stored = await registry.server.request("POST", `/v2/a/blobs/uploads/?digest=${digestOf(content)}`, { headers: { authorization }, body: content });
    assert.equal(stored.status, 201, stored.body.toString());
    const layers = [{ mediaType: "application/octet-stream", digest: digestOf(content), size: content.length }];
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("one"), size: 3 };
    const image = JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers });
    const attached = JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers, subject: { mediaType: type, digest, size: 1 } });
    const put = async (reference: string, body: string): Promise<[number, string]> => {
      const answer = await registry.server.request("PUT", `/v2/a/manifests/${reference}`, { headers: { authorization, "content-type": type }, body });
      return [answer.status, answer.status === 201 ? "" : answer.body.toString()];
    };
    const cosign = `${digestOf(content).replace(":", "-")}.sig`;
    assert.deepEqual(await put(digestOf(attached), attached), [201, ""]);
    assert.deepEqual(await put(cosign, image), [201, ""]);
    for (const [reference, body] of [[digestOf(image), image], ["2", image], ["2", attached], [`${digestOf(attached)}?tag=2`, attached], [`${digestOf(attached)}?tag=${cosign}x`, attached]] as const) {
      const [status, text] = await put(reference, body);
      assert.deepEqual([status, /user bob may not push to a/.test(text)], [403, true], `${reference}: ${text}`);
    }
  }
  assert.deepEqual((await registry.server.request("GET", "/v2/a/tags/list", { headers: { authorization: basic("alice", USERS.alice) } })).json(), {
    name: "a", tags: [...[basic("bob", USERS.bob), bearer].map((who) => `${digestOf(`signature for ${who}`).replace(":", "-")}.sig`), "1"].sort(),
  });
});

test("a password file that becomes invalid changes nothing, and is reported", async (context) => {
  const { server, htpasswd } = await guarded(context);
  appendFileSync(htpasswd, "carol:$apr1$abc$def\n");
  await wait(1100);
  assert.equal((await server.request("GET", "/v2/", { headers: { authorization: basic("alice", USERS.alice) } })).status, 200);
  assert.ok(server.problems.some((problem) => isFault(problem, "SERVER_CONFIG_INVALID") && problem.message.includes("htpasswd:3: this is no bcrypt password")));
});

test("a key that is none, a password file that is not there, and an open address without access are faults", async (context) => {
  const { config, folder } = await guarded(context);
  const text = readFileSync(config, "utf8");
  const problems: Error[] = [];
  const start = (more: string, listen = "127.0.0.1:0") => {
    writeFileSync(join(folder, "other.yaml"), more);
    return serveRegistry({ listen, root: join(folder, "root"), config: join(folder, "other.yaml"), onProblem: (problem) => problems.push(problem) });
  };
  await assert.rejects(start(`${text}token: {key: htpasswd}\n`), (error) => isFault(error, "SERVER_CONFIG_UNREADABLE") && /no private key/.test(error.message));
  await assert.rejects(start("access: {htpasswd: none}\n"), (error) => isFault(error, "SERVER_CONFIG_UNREADABLE"));
  await assert.rejects(start("limits: {connections: 5}\n", "0.0.0.0:0"), (error) => isFault(error, "SERVER_WITHOUT_ACCESS_CONTROL"));
  await (await start(text, "0.0.0.0:0")).close();
  assert.deepEqual(problems.map((problem) => isFault(problem, "SERVER_PASSWORDS_OPEN")), [true], "others can listen in");
  await (await start(`trustedProxies: [10.0.0.0/8]\n${text}`, "0.0.0.0:0")).close();
  await (await start(text, "127.0.0.1:0")).close();
  assert.equal(problems.length, 1);
});
