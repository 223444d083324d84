import assert from "node:assert/strict";
import { test } from "node:test";
import { fault, isFault } from "../../std/fault.ts";
import { parseReference } from "../../oci/reference.ts";
import { reply, startScriptedServer, type ScriptedServer, type SeenRequest } from "../../../test/support/scripted-server.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { createRegistryClient, type RegistryClient } from "../client.ts";
import type { Credential } from "../credentials/credentials.ts";

const query = (request: SeenRequest): URLSearchParams => new URL(request.url, "http://x").searchParams;
const basicOf = (request: SeenRequest): string => Buffer.from(request.headers.authorization?.replace("Basic ", "") ?? "", "base64").toString();

interface TokenRegistry extends AsyncDisposable {
  readonly registry: ScriptedServer;
  readonly tokens: ScriptedServer;
  readonly ref: (repository: string) => ReturnType<typeof parseReference>;
  /** Tokens that the registry takes at the moment. */
  readonly valid: Set<string>;
}

/** A registry that wants Bearer tokens, and its token server; the latter gives out t1, t2, … or what `answer` says. */
async function startTokenRegistry(answer?: (request: SeenRequest, response: import("node:http").ServerResponse, token: string) => void): Promise<TokenRegistry> {
  const valid = new Set<string>();
  let count = 0;
  const tokens = await startScriptedServer((request, response) => {
    const token = `t${(count += 1)}`;
    valid.add(token);
    if (answer) return answer(request, response, token);
    reply(response, 200, {}, { token, expires_in: 300 });
  });
  const registry = await startScriptedServer((request, response) => {
    const repository = /^\/v2\/(.*)\/tags/.exec(request.url)?.[1];
    const scope = repository ? `,scope="repository:${repository}:pull"` : "";
    if (!valid.has(request.headers.authorization?.replace("Bearer ", "") ?? "")) {
      return reply(response, 401, { "www-authenticate": `Bearer realm="${tokens.origin}/token",service="reg"${scope}` });
    }
    reply(response, 200, {}, { tags: [] });
  });
  return {
    registry, tokens, valid,
    ref: (repository) => parseReference(`${registry.host}/${repository}`),
    async [Symbol.asyncDispose]() {
      await Promise.all([registry[Symbol.asyncDispose](), tokens[Symbol.asyncDispose]()]);
    },
  };
}

const open = (credential?: Omit<Credential, "source">, clock = createTestClock()): RegistryClient =>
  createRegistryClient({ credentials: { find: () => (credential ? { ...credential, source: "test" } : undefined) }, environment: {}, clock });

test("without a login an anonymous token is asked for, with service and scope", async () => {
  await using at = await startTokenRegistry();
  await using client = open();
  await client.tagList(at.ref("a"));
  const [request] = at.tokens.requests;
  assert.equal(request!.method, "GET");
  assert.equal(request!.headers.authorization, undefined);
  assert.deepEqual([query(request!).get("service"), query(request!).getAll("scope"), query(request!).get("account")], ["reg", ["repository:a:pull"], null]);
});

test("a login goes to the token server as Basic, and never to the registry", async () => {
  await using at = await startTokenRegistry();
  await using client = open({ username: "me", password: "pä:ss" });
  await client.tagList(at.ref("a"));
  assert.equal(basicOf(at.tokens.requests[0]!), "me:pä:ss");
  assert.equal(query(at.tokens.requests[0]!).get("account"), "me");
  assert.ok(at.registry.requests.every(({ headers }) => !headers.authorization?.startsWith("Basic")));
});

test("a token is used again for what its scopes cover, and side by side it is asked for once", async () => {
  await using at = await startTokenRegistry();
  await using client = open();
  await Promise.all([client.tagList(at.ref("a")), client.tagList(at.ref("a")), client.tagList(at.ref("a"))]);
  assert.equal(at.tokens.requests.length, 1);
  await client.tagList(at.ref("b"));
  assert.equal(at.tokens.requests.length, 2);
});

test("a token is renewed before it expires", async () => {
  await using at = await startTokenRegistry();
  const clock = createTestClock();
  await using client = open(undefined, clock);
  await client.tagList(at.ref("a"));
  clock.advance(295_000);
  await client.tagList(at.ref("a"));
  assert.equal(at.tokens.requests.length, 2);
});

test("a token that the registry no longer takes is replaced once, with the scope of the challenge", async () => {
  await using at = await startTokenRegistry();
  await using client = open();
  await client.tagList(at.ref("a"));
  at.valid.clear();
  await client.tagList(at.ref("a"));
  assert.equal(at.tokens.requests.length, 2);
});

test("a registry that takes no token at all is REGISTRY_UNAUTHORIZED after one renewal", async () => {
  await using at = await startTokenRegistry((_request, response) => reply(response, 200, {}, { access_token: "never" }));
  await using client = open({ username: "me", password: "x" });
  await assert.rejects(client.tagList(at.ref("a")), (error) => isFault(error, "REGISTRY_UNAUTHORIZED") && (error.details as { user?: string }).user === "me");
  assert.equal(at.tokens.requests.length, 2);
});

test("a wrong password is REGISTRY_UNAUTHORIZED with its source and without the password", async () => {
  await using at = await startTokenRegistry((_request, response) => reply(response, 401));
  await using client = open({ username: "me", password: "SECRET" });
  await assert.rejects(client.tagList(at.ref("a")), (error) => {
    assert.ok(isFault(error, "REGISTRY_UNAUTHORIZED"));
    assert.match(error.message, /from test/);
    assert.doesNotMatch(error.message + JSON.stringify(error.details), /SECRET/);
    return true;
  });
});

test("an identity token is exchanged by POST", async () => {
  await using at = await startTokenRegistry((_request, response, token) => reply(response, 200, {}, { access_token: token }));
  await using client = open({ identityToken: "refresh me" });
  await client.tagList(at.ref("a"));
  const [request] = at.tokens.requests;
  assert.equal(request!.method, "POST");
  const form = new URLSearchParams(request!.body.toString());
  assert.deepEqual(
    [form.get("grant_type"), form.get("refresh_token"), form.get("scope"), form.get("service"), form.get("client_id")],
    ["refresh_token", "refresh me", "repository:a:pull", "reg", "sampan"],
  );
});

test("where POST is not known, the user name and password are used by GET", async () => {
  await using at = await startTokenRegistry((request, response, token) => (request.method === "POST" ? reply(response, 404) : reply(response, 200, {}, { token })));
  await using client = open({ username: "me", password: "pw", identityToken: "refresh me" });
  await client.tagList(at.ref("a"));
  assert.deepEqual(at.tokens.requests.map(({ method }) => method), ["POST", "GET"]);
  assert.equal(basicOf(at.tokens.requests[1]!), "me:pw");
});

test("a registry token is used as it is", async () => {
  await using at = await startTokenRegistry();
  at.valid.add("given");
  await using client = open({ registryToken: "given" });
  await client.tagList(at.ref("a"));
  assert.equal(at.tokens.requests.length, 0);
});

test("a token answer that is too long, no JSON, without a token or with a line break in it is refused", async () => {
  const bodies: (string | object)[] = ["x".repeat(70_000), "<html>", "null", { token: "" }, { token: "a\r\nX-Evil: 1" }, { token: 5 }];
  for (const body of bodies) {
    await using at = await startTokenRegistry((_request, response) => reply(response, 200, {}, body));
    await using client = open();
    await assert.rejects(client.tagList(at.ref("a")), (error) => isFault(error, "RESPONSE_INVALID"), JSON.stringify(body).slice(0, 40));
  }
});

test("a token server with trouble is tried again", async () => {
  let turn = 0;
  await using at = await startTokenRegistry((_request, response, token) => ((turn += 1) === 1 ? reply(response, 503) : reply(response, 200, {}, { token })));
  await using client = open();
  await client.tagList(at.ref("a"));
  assert.equal(at.tokens.requests.length, 2);
});

test("a token answer that breaks off is asked for again", async () => {
  await using at = await startTokenRegistry((_request, response, token) => {
    if (token !== "t1") return reply(response, 200, {}, { token });
    response.writeHead(200, { "content-length": "100" });
    response.write('{"token":', () => response.destroy());
  });
  await using client = open();
  assert.deepEqual(await client.tagList(at.ref("a")), []);
  assert.equal(at.tokens.requests.length, 2);
});

test("a login is never sent to a realm without TLS by a registry with TLS", async () => {
  const { requestToken } = await import("./token.ts");
  const send = (): Promise<never> => assert.fail("nothing may be sent");
  await assert.rejects(
    requestToken({
      challenge: { scheme: "bearer", parameters: { realm: "http://auth.example/token?x=1" } }, credential: { username: "a", password: "b", source: "test" },
      scopes: [], from: new URL("https://r.example/v2/"), host: "r.example", now: 0, send,
    }),
    (error) => isFault(error, "REDIRECT_REFUSED"),
  );
});

test("a credential source is asked only when the registry wants a login, and once for each repository", async () => {
  let asked = 0;
  const credentials = { find: () => { asked += 1; return undefined; } };
  await using free = await startScriptedServer((_request, response) => reply(response, 200, {}, { tags: [] }));
  await using client = createRegistryClient({ credentials, environment: {} });
  await client.tagList(parseReference(`${free.host}/a`));
  assert.equal(asked, 0);
  await using at = await startTokenRegistry();
  await client.tagList(at.ref("a"));
  await client.tagList(at.ref("b"));
  await client.tagList(at.ref("a"));
  assert.equal(asked, 2);
});

test("each repository is asked for with its own login, and tokens of one never serve another", async () => {
  await using at = await startTokenRegistry((request, response) => {
    const token = `of-${basicOf(request)}`;
    at.valid.add(token);
    reply(response, 200, {}, { token, expires_in: 300 });
  });
  const find = (_host: string, repository?: string): Credential => ({ username: repository?.startsWith("team/") ? "team" : "other", password: "x", source: "test" });
  await using client = createRegistryClient({ credentials: { find }, environment: {} });
  for (const repository of ["team/a", "b", "team/a", "b"]) await client.tagList(at.ref(repository));
  const used = at.registry.requests.filter(({ url }) => url.includes("/tags/")).map(({ url, headers }) => [url.slice(4, -10), headers.authorization]);
  assert.deepEqual(used, [["team/a", "Bearer of-team:x"], ["b", "Bearer of-other:x"], ["team/a", "Bearer of-team:x"], ["b", "Bearer of-other:x"]]);
  assert.equal(at.tokens.requests.length, 2);
});

test("a wide token of one login is not used for a repository with another login", async () => {
  const { Authenticator } = await import("./authenticator.ts");
  const sent: string[] = [];
  const authenticator = new Authenticator({
    host: "r.example", now: () => 0,
    credentials: { find: (_host, repository) => ({ username: repository ?? "host", password: "x", source: "test" }) },
    send: async (url, { headers }) => {
      sent.push(`${headers["authorization"]}`);
      return { status: 200, url, bytes: Buffer.from(JSON.stringify({ token: `t${sent.length}`, expires_in: 300 })) };
    },
  });
  authenticator.learn({ status: 401, url: new URL("https://r.example/v2/"), headers: { "www-authenticate": 'Bearer realm="https://r.example/token"' } } as never);
  assert.equal(await authenticator.authorization(["repository:a:pull"], "one"), "Bearer t1");
  assert.equal(await authenticator.authorization(["repository:a:pull"], "two"), "Bearer t2");
  assert.equal(await authenticator.authorization(["repository:a:pull"], "one"), "Bearer t1");
  assert.equal(sent.length, 2);
});

test("a refresh token that is given in exchange is used from then on", async () => {
  let count = 0;
  await using at = await startTokenRegistry((request, response, token) => {
    const given = new URLSearchParams(request.body.toString()).get("refresh_token");
    if (given !== `refresh-${count}`) return reply(response, 401);
    reply(response, 200, {}, { access_token: token, refresh_token: `refresh-${(count += 1)}` });
  });
  const credential = { identityToken: "refresh-0", source: "test" };
  const renewed: string[] = [];
  const credentials = { find: () => credential, renew: async (_credential: Credential, token: string) => { renewed.push(token); throw fault("LOGIN_NOT_SAVED", { file: "f", reason: "EROFS" }); } };
  await using client = createRegistryClient({ credentials, environment: {} });
  for (const repository of ["a", "b", "c"]) await client.tagList(at.ref(repository));
  assert.equal(count, 3);
  assert.deepEqual(renewed, ["refresh-1", "refresh-2", "refresh-3"], "each is handed on, and a file that cannot be written stops nothing");
});

test("a token request follows redirects, with a login to the same host only", async () => {
  await using other = await startScriptedServer((_request, response) => reply(response, 200, {}, { token: "elsewhere" }));
  await using setup = await startTokenRegistry((request, response, token) => {
    if (request.url.startsWith("/token/next")) return reply(response, 200, {}, { token });
    if (request.url.includes("team%2Fmoved")) return reply(response, 307, { location: `/token/next${request.url.slice("/token".length)}` });
    if (request.url.includes("team%2Floop")) return reply(response, 302, { location: request.url });
    reply(response, 302, { location: `${other.origin.replace("127.0.0.1", "127.0.0.2")}/token` });
  });
  setup.valid.add("elsewhere");
  const refused = (pattern: RegExp) => (error: unknown): boolean => isFault(error, "REDIRECT_REFUSED") && pattern.test(error.message);
  {
    await using client = open({ username: "u", password: "p" });
    await client.tagList(setup.ref("team/moved"));
    assert.equal(basicOf(setup.tokens.requests.at(-1)!), "u:p");
    assert.deepEqual(query(setup.tokens.requests.at(-1)!).getAll("scope"), ["repository:team/moved:pull"]);
    await assert.rejects(client.tagList(setup.ref("team/loop")), refused(/more than 5 redirects/));
    await assert.rejects(client.tagList(setup.ref("team/away")), refused(/a login is not sent on to another host/));
  }
  await using client = open({ identityToken: "secret" });
  await assert.rejects(client.tagList(setup.ref("team/away")), (error) => isFault(error, "RESPONSE_INVALID") || isFault(error, "REDIRECT_REFUSED"));
  assert.deepEqual(other.requests, []);
});
