import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { isFault, type FaultCode } from "../../std/fault.ts";
import { registryError, reply, startScriptedServer } from "../../../test/support/scripted-server.ts";
import { routeFiles } from "../../../test/support/route-files.ts";
import { machineRoutes } from "../routes/machine-routes.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { testCertificate } from "../../../test/support/test-certificate.ts";
import { parseReference } from "../../oci/reference.ts";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";

const ref = (host: string) => parseReference(`${host}/team/app:1`);
const open = (options: Partial<RegistryClientOptions> = {}): RegistryClient =>
  createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock(), ...options });

/** Checks the code, and gives the fault's details for more. */
async function failsWith(work: Promise<unknown>, code: FaultCode, look: (details: Record<string, unknown>, error: Error) => void = () => undefined): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isFault(error, code), `${code} was expected: ${String(error)}`);
    look(error.details as Record<string, unknown>, error);
    return true;
  });
}

/** A script that gives `/v2/` a 200 and everything else the answers in turn, the last one for ever. */
function inTurn(...answers: { status: number; headers?: Record<string, string>; body?: object | string }[]) {
  let turn = 0;
  return (request: { url: string }, response: import("node:http").ServerResponse): void => {
    if (request.url === "/v2/") return reply(response, 200);
    const { status, headers, body } = answers[Math.min(turn, answers.length - 1)]!;
    turn += 1;
    reply(response, status, headers, body);
  };
}

const TAGS = { status: 200, body: { name: "team/app", tags: ["1"] } };

test("nothing listening there is said after a few attempts, with a hint", async () => {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  const clock = createTestClock();
  await using client = open({ clock });
  await failsWith(client.ping(`127.0.0.1:${port}`), "REGISTRY_UNREACHABLE", (details, error) => {
    assert.match(String(details["reason"]), /refused/);
    assert.match((error as { hint?: string }).hint ?? "", /running/);
  });
  assert.equal(clock.slept.length, 2);
});

test("a name that does not exist is said at once", async () => {
  const clock = createTestClock();
  await using client = open({ clock });
  await failsWith(client.ping("registry.invalid"), "REGISTRY_UNREACHABLE", (details) => assert.match(String(details["reason"]), /resolved|listens|route/));
});

test("a registry that accepts and never answers is given up", async () => {
  await using server = await startScriptedServer(() => undefined);
  await using client = open({ timeouts: { idle: 80 }, retry: { attempts: 1 } });
  await failsWith(client.ping(server.host), "REGISTRY_TIMEOUT", (details) => assert.equal(details["waitedFor"], "an answer"));
});

test("401 to a client without a login is REGISTRY_UNAUTHORIZED and names the login command", async () => {
  await using server = await startScriptedServer((_request, response) => reply(response, 401, { "www-authenticate": 'Basic realm="x"' }, registryError("UNAUTHORIZED", "authentication required")));
  await using client = open();
  await failsWith(client.manifestGet(ref(server.host)), "REGISTRY_UNAUTHORIZED", (details, error) => {
    assert.equal(details["credentialSource"], undefined);
    assert.equal(details["repository"], "team/app");
    assert.match((error as { hint?: string }).hint ?? "", new RegExp(`sampan login ${server.host}`));
  });
});

test("403 is REGISTRY_DENIED with the registry's own words, who asked and for what", async () => {
  await using server = await startScriptedServer((request, response) => {
    if (!request.headers.authorization) return reply(response, 401, { "www-authenticate": 'Basic realm="x"' });
    if (request.url === "/v2/") return reply(response, 200);
    reply(response, 403, { "content-type": "application/json" }, registryError("DENIED", "team bees\u001b[31m may only\npull"));
  });
  await using client = open({ credentials: { find: () => ({ username: "bee", password: "SECRET", source: "/home/bee/config.json" }) } });
  await failsWith(client.manifestPut(ref(server.host), { bytes: Buffer.from("{}"), mediaType: "x/y" }), "REGISTRY_DENIED", (details, error) => {
    assert.deepEqual([details["user"], details["credentialSource"], details["scopes"]], ["bee", "/home/bee/config.json", ["repository:team/app:pull,push"]]);
    assert.match(error.message, /team bees \[31m may only pull/);
    assert.doesNotMatch(JSON.stringify(details) + error.message, /SECRET/);
  });
});

test("a manifest that is not there is MANIFEST_UNKNOWN, a repository NAME_UNKNOWN", async () => {
  await using server = await startScriptedServer(inTurn(
    { status: 404, body: registryError("MANIFEST_UNKNOWN", "manifest unknown") },
    { status: 500 },
    { status: 404, body: registryError("NAME_UNKNOWN", "repository name not known to registry") },
    { status: 404 },
  ));
  await using client = open({ retry: { attempts: 1 } });
  await failsWith(client.manifestGet(ref(server.host)), "MANIFEST_UNKNOWN", (details) => assert.deepEqual(Object.keys(details), ["reference", "answer"], "no more is known"));
  await failsWith(client.manifestGet(ref(server.host)), "NAME_UNKNOWN");
  await failsWith(client.tagList(ref(server.host)), "NAME_UNKNOWN");
});

test("429 waits for as long as Retry-After says and then goes on", async () => {
  const clock = createTestClock();
  await using server = await startScriptedServer(inTurn(
    { status: 429, headers: { "retry-after": "3" } },
    { status: 429, headers: { "retry-after": "Thu, 01 Jan 2026 00:00:10 GMT" } },
    TAGS,
  ));
  await using client = open({ clock });
  assert.deepEqual(await client.tagList(ref(server.host)), ["1"]);
  assert.deepEqual(clock.slept, [3_000, 7_000]);
});

test("429 with a Retry-After beyond the ceiling is REGISTRY_LIMIT at once, and says when to come back", async () => {
  const clock = createTestClock();
  await using server = await startScriptedServer(inTurn({ status: 429, headers: { "retry-after": "21600" }, body: registryError("TOOMANYREQUESTS", "pull rate limit") }));
  await using client = open({ clock });
  await failsWith(client.tagList(ref(server.host)), "REGISTRY_LIMIT", (details) => assert.equal(details["retryAfterSeconds"], 21_600));
  assert.deepEqual(clock.slept, []);
});

test("500 is tried again with growing pauses until it works", async () => {
  const clock = createTestClock();
  await using server = await startScriptedServer(inTurn({ status: 500 }, { status: 503 }, TAGS));
  await using client = open({ clock });
  assert.deepEqual(await client.tagList(ref(server.host)), ["1"]);
  assert.deepEqual(clock.slept, [400, 800]);
});

test("500 that stays is REGISTRY_SERVER_ERROR after all attempts", async () => {
  await using server = await startScriptedServer(inTurn({ status: 502, headers: { "content-type": "text/html" }, body: "<html>Bad Gateway</html>" }));
  await using client = open();
  await failsWith(client.tagList(ref(server.host)), "REGISTRY_SERVER_ERROR", (details, error) => {
    assert.equal(details["status"], 502);
    assert.doesNotMatch(error.message, /html/);
  });
  assert.equal(server.requests.length, 1 + 5);
});

test("a connection that breaks is tried again", async () => {
  let turn = 0;
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    turn += 1;
    if (turn === 1) response.socket!.destroy();
    else reply(response, 200, {}, { tags: ["1"] });
  });
  await using client = open();
  assert.deepEqual(await client.tagList(ref(server.host)), ["1"]);
});

test("other refusals are REGISTRY_REFUSED with the registry's words and are not tried again", async () => {
  await using server = await startScriptedServer(inTurn({ status: 405, body: registryError("UNSUPPORTED", "the operation is unsupported") }));
  await using client = open();
  await failsWith(client.manifestDelete(ref(server.host)), "REGISTRY_REFUSED", (details) => assert.match(String(details["answer"]), /unsupported/));
  assert.equal(server.requests.length, 2);
});

test("a redirect to another host is followed without Authorization, one on the same host with it", async () => {
  await using storage = await startScriptedServer((_request, response) => reply(response, 200, {}, { tags: ["stored"] }));
  await using server = await startScriptedServer((request, response) => {
    if (!request.headers.authorization) return reply(response, 401, { "www-authenticate": 'Basic realm="x"' });
    if (request.url === "/v2/") return reply(response, 200);
    if (request.url === "/v2/team/app/tags/list") return reply(response, 307, { location: "/v2/moved" });
    reply(response, 302, { location: `${storage.origin}/signed?sig=1` });
  });
  await using client = open({ credentials: { find: () => ({ username: "u", password: "p", source: "test" }) } });
  assert.deepEqual(await client.tagList(ref(server.host)), ["stored"]);
  assert.equal(server.requests.at(-1)!.url, "/v2/moved");
  assert.ok(server.requests.at(-1)!.headers.authorization);
  assert.equal(storage.requests.length, 1);
  assert.equal(storage.requests[0]!.headers.authorization, undefined);
});

test("who a registry leads to and back gets neither the login nor the headers of the place", async (context) => {
  await using storage = await startScriptedServer((_request, response) => reply(response, 302, { location: `${server.origin}/v2/back` }));
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/team/app/tags/list") return reply(response, 307, { location: `${storage.origin}/away` });
    reply(response, 200, {}, { tags: [] });
  });
  const { environment } = routeFiles(context, { [`etc/containerd/certs.d/${server.host}/hosts.toml`]: `server = "${server.origin}"\n[header]\nx-key = "SECRET"\n` });
  await using client = open({ routes: machineRoutes(environment) });
  await client.tagList(ref(server.host));
  const keys = [...server.requests, ...storage.requests].map(({ url, headers }) => [url, headers["x-key"]]);
  assert.deepEqual(keys, [["/v2/", "SECRET"], ["/v2/team/app/tags/list", "SECRET"], ["/v2/back", undefined], ["/away", undefined]]);
});

test("redirects in a circle end", async () => {
  await using server = await startScriptedServer((request, response) => reply(response, request.url === "/v2/" ? 200 : 307, { location: "/v2/again" }));
  await using client = open();
  await failsWith(client.tagList(ref(server.host)), "REDIRECT_REFUSED");
});

test("a loopback registry with TLS is found although plain HTTP is tried first", async () => {
  await using server = await startScriptedServer(inTurn(TAGS), { tls: testCertificate });
  await using client = open();
  assert.deepEqual(await client.tagList(ref(server.host)), ["1"]);
});

test("plain HTTP is spoken to another host when it is allowed, through the proxy of the environment", async () => {
  await using proxy = await startScriptedServer((request, response) => {
    if (request.url === "http://registry.test/v2/") return reply(response, 200);
    reply(response, 200, {}, { tags: ["proxied"] });
  });
  const environment = { HTTP_PROXY: `http://user:pass@${proxy.host}`, HTTPS_PROXY: "http://127.0.0.1:1" };
  await using client = open({ insecure: ["registry.test"], environment, timeouts: { connect: 500 } });
  assert.deepEqual(await client.tagList(parseReference("registry.test/a")), ["proxied"]);
  assert.equal(proxy.requests.at(-1)!.url, "http://registry.test/v2/a/tags/list");
  assert.equal(proxy.requests.at(-1)!.headers["proxy-authorization"], `Basic ${Buffer.from("user:pass").toString("base64")}`);
});

test("an abort ends a request with the signal's reason", async () => {
  await using server = await startScriptedServer((request, response) => void (request.url === "/v2/" && reply(response, 200)));
  await using client = open();
  const controller = new AbortController();
  const work = client.tagList(ref(server.host), { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 30);
  await assert.rejects(work, /enough/);
});

test("a list with several pages is read to its end, and pages in a circle are an invalid answer", async () => {
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    if (request.url === "/v2/team/app/tags/list") return reply(response, 200, { link: '</v2/team/app/tags/list?last=a>; rel="next"' }, { tags: ["a"] });
    if (request.url.endsWith("last=a")) return reply(response, 200, {}, { tags: ["b", "not a tag!"] });
    reply(response, 200, { link: '</v2/team/circle/tags/list>; rel="next"' }, { tags: null });
  });
  await using client = open();
  assert.deepEqual(await client.tagList(ref(server.host)), ["a", "b"]);
  await failsWith(client.tagList(parseReference(`${server.host}/team/circle`)), "RESPONSE_INVALID");
});

test("a list that does not end is an invalid answer before it fills the memory", async () => {
  const answer = Buffer.from(JSON.stringify({ tags: ["a"], more: "x".repeat(7 * 1024 * 1024) }));
  let page = 0;
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    reply(response, 200, { link: `</v2/team/app/tags/list?page=${(page += 1)}>; rel="next"` }, answer);
  });
  await using client = open();
  await failsWith(client.tagList(ref(server.host)), "RESPONSE_INVALID", (_details, { message }) => assert.match(message, /its pages have more than/));
  assert.ok(page < 20, `${page} pages were read`);
});

test("a page that is not JSON is an invalid answer", async () => {
  await using server = await startScriptedServer(inTurn({ status: 200, body: "<html>" }));
  await using client = open();
  await failsWith(client.tagList(ref(server.host)), "RESPONSE_INVALID");
});
