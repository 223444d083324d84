import assert from "node:assert/strict";
import { test } from "node:test";
import { parseReference } from "../../oci/reference.ts";
import { isFault, type Fault, type FaultCode } from "../../std/fault.ts";
import { reply, startScriptedServer } from "../../../test/support/scripted-server.ts";
import { startTokenRegistry, testToken } from "../../../test/support/token-registry.ts";
import { createRegistryClient } from "../client.ts";
import type { Credential } from "../credentials/credentials.ts";

const manifest = { bytes: Buffer.from("{}"), mediaType: "application/vnd.oci.image.manifest.v1+json" };

/** What pulling, pushing or deleting a reference fails with. */
async function refused(host: string, name: string, action: "pull" | "push" | "delete", code: FaultCode, credential?: Partial<Credential>, trouble?: string): Promise<Fault> {
  const credentials = { find: () => (credential ? { source: "/home/me/config.json", ...credential } : undefined), ...(trouble === undefined ? {} : { trouble: () => trouble }) };
  await using client = createRegistryClient({ credentials, environment: {}, retry: { attempts: 1 } });
  const reference = parseReference(`${host}/${name}`);
  const work = action === "pull" ? client.manifestGet(reference) : action === "push" ? client.manifestPut(reference, manifest) : client.manifestDelete(reference);
  const error = await work.then(() => assert.fail("it was let in"), (reason: unknown) => reason);
  assert.ok(isFault(error, code), `${code} was expected: ${String(error)}`);
  assert.doesNotMatch(`${error.message} ${error.hint} ${JSON.stringify(error.details)}`, /SECRET/);
  return error;
}

const me = { username: "me", password: "SECRET" };
const open = { users: { me: "SECRET" }, rights: () => ["pull"] };

test("without a login: that none was sent, what was granted, and the command", async () => {
  await using server = await startTokenRegistry({ rights: () => [] });
  const { message, hint } = await refused(server.host, "team/app:1", "pull", "REGISTRY_UNAUTHORIZED");
  assert.equal(message, `registry ${server.host} wants a login for team/app, and none was sent (asked for repository:team/app:pull; granted nothing): UNAUTHORIZED · authentication required`);
  assert.equal(hint, `log in with \`sampan login ${server.host}\`, and check that the repository exists`);
});

test("without a login to a registry with Basic: the same, without a grant that nobody knows", async () => {
  await using server = await startScriptedServer((_request, response) => reply(response, 401, { "www-authenticate": 'Basic realm="x"' }));
  const { message } = await refused(server.host, "team/app:1", "push", "REGISTRY_UNAUTHORIZED");
  assert.equal(message, `registry ${server.host} wants a login for team/app, and none was sent (asked for repository:team/app:pull,push)`);
});

test("without a login because a helper could not be asked: why", async () => {
  await using server = await startTokenRegistry({ rights: () => [] });
  const { hint } = await refused(server.host, "team/app:1", "pull", "REGISTRY_UNAUTHORIZED", undefined, "docker-credential-x is not installed");
  assert.match(hint!, /sampan login .*; a kept login may be out of reach: docker-credential-x is not installed$/);
});

test("a wrong password: whose, from where, and how to replace it", async () => {
  await using server = await startTokenRegistry(open);
  const { message, hint } = await refused(server.host, "team/app:1", "pull", "REGISTRY_UNAUTHORIZED", { username: "me", password: "SECRET-2" });
  assert.equal(message, `registry ${server.host} did not accept the login as me (from /home/me/config.json) for team/app (asked for repository:team/app:pull)`);
  assert.equal(hint, `the password or token was changed or revoked, or is wrong: log in again with \`sampan login ${server.host}\`; \`sampan auth doctor ${server.host}/team/app\` shows what is sent and answered`);
  const creds = await refused(server.host, "team/app:1", "pull", "REGISTRY_UNAUTHORIZED", { username: "me", password: "SECRET-2", source: "--creds" });
  assert.match(creds.hint!, /^check the user and the password of --creds;/);
  const variable = await refused(server.host, "team/app:1", "pull", "REGISTRY_UNAUTHORIZED", { username: "me", password: "SECRET-2", source: "DOCKER_AUTH_CONFIG" });
  assert.match(variable.hint!, /^put a login that is valid into DOCKER_AUTH_CONFIG/);
  const narrow = await refused(server.host, "team/app:1", "pull", "REGISTRY_UNAUTHORIZED", { username: "me", password: "SECRET-2", entry: `${server.host}/team` });
  assert.match(narrow.message, /as me \(from \/home\/me\/config\.json, entry 127\.0\.0\.1:\d+\/team\)/);
  assert.match(narrow.hint!, /`sampan login --authfile \/home\/me\/config\.json 127\.0\.0\.1:\d+\/team`/);
});

test("an identity token and a registry token that ended: when", async () => {
  await using server = await startTokenRegistry(open);
  const ended = testToken({ sub: "robot", exp: 1_700_000_000, access: [] });
  for (const credential of [{ identityToken: ended }, { registryToken: ended }]) {
    const { message, hint, details } = await refused(server.host, "team/app:1", "pull", "REGISTRY_UNAUTHORIZED", credential);
    assert.match(message, /did not accept the login as robot \(from \/home\/me\/config\.json\), whose token ended at 2023-11-14T22:13:20\.000Z/);
    assert.match(hint!, /^the token has ended: log in again with `sampan login /);
    assert.ok(!JSON.stringify(details).includes(ended));
  }
});

test("a login that may pull only: what was asked, what was granted, and whom to ask", async () => {
  await using server = await startTokenRegistry(open);
  const { message, hint } = await refused(server.host, "team/app:1", "push", "REGISTRY_DENIED", me);
  assert.match(message, /denies access to team\/app as me \(from \/home\/me\/config\.json\) \(asked for repository:team\/app:pull,push; granted pull\): UNAUTHORIZED/);
  assert.equal(hint, `me may pull from team/app but not push: ask its owner for the right, or log in as another user: \`sampan login ${server.host}\``);
  assert.match((await refused(server.host, "team/app:1", "delete", "REGISTRY_DENIED", me)).hint!, /may pull from team\/app but not delete/);
});

test("the same where tokens say nothing about themselves: by the registry's own answer", async () => {
  await using server = await startTokenRegistry({ ...open, opaque: true });
  const { message, hint } = await refused(server.host, "team/app:1", "push", "REGISTRY_DENIED", me);
  assert.match(message, /\(asked for repository:team\/app:pull,push\): UNAUTHORIZED/);
  assert.match(hint!, /^check the repository's name and that me has the right to push/);
});

test("a login that was granted nothing: the repository may not exist", async () => {
  await using server = await startTokenRegistry({ ...open, rights: () => [] });
  const { message, hint } = await refused(server.host, "team/app:1", "pull", "REGISTRY_DENIED", me);
  assert.match(message, /granted nothing/);
  assert.match(hint!, /^the repository may not exist, or me may not see it: check the name/);
});

test("a name without a namespace: that it may lack one", async () => {
  await using server = await startTokenRegistry({ ...open, rights: () => [] });
  assert.match((await refused(server.host, "app:1", "push", "REGISTRY_DENIED", me)).hint!, new RegExp(`^the name lacks a namespace, which many registries want: ${server.host}/NAMESPACE/app;`));
  assert.match((await refused(server.host, "app:1", "pull", "REGISTRY_UNAUTHORIZED")).hint!, /check that the repository exists \(many registries want a namespace before it: /);
});

test("a tag that is not there: which are near", async () => {
  await using server = await startTokenRegistry({ ...open, tags: { "team/app": ["latest", "1.0", "1.1", "v2.0"] } });
  const { message, hint } = await refused(server.host, "team/app:2.0", "pull", "MANIFEST_UNKNOWN", me);
  assert.equal(message, `manifest for ${server.host}/team/app:2.0 not found`);
  assert.equal(hint, "did you mean v2.0, 1.0? the repository has 4 tags");
  assert.match((await refused(server.host, "team/app:feature-login", "pull", "MANIFEST_UNKNOWN", me)).hint!, /^check the tag: .*the repository has 4 tags, such as v2\.0, latest, 1\.1/);
  assert.match((await refused(server.host, "team/app:1.0", "pull", "MANIFEST_UNKNOWN", me)).hint!, /the registry lists it, yet has no manifest/);
  await using empty = await startTokenRegistry({ ...open, tags: { "team/app": [] } });
  assert.match((await refused(empty.host, "team/app:1", "pull", "MANIFEST_UNKNOWN", me)).hint!, /has no tags/);
});

test("a repository that is not there, though only the tag was said to be missing", async () => {
  await using server = await startTokenRegistry(open);
  assert.match((await refused(server.host, "team/app:1", "pull", "MANIFEST_UNKNOWN", me)).hint!, /^the registry has no such repository: check the name/);
});

test("the tags are asked for once, for one page, and not for what no person typed", async () => {
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/") return reply(response, 200);
    if (request.url.includes("/tags/list")) return reply(response, 200, { link: '</v2/team/app/tags/list?last=b>; rel="next"' }, { tags: ["1.0", "1.1"] });
    reply(response, 404);
  });
  const { hint } = await refused(server.host, "team/app:1.2", "pull", "MANIFEST_UNKNOWN");
  assert.match(hint!, /more than 2 tags/);
  assert.deepEqual(server.requests.filter(({ url }) => url.includes("/tags/")).map(({ url }) => url), ["/v2/team/app/tags/list?n=1000"]);
  await refused(server.host, `team/app:sha256-${"a".repeat(64)}`, "pull", "MANIFEST_UNKNOWN");
  await refused(server.host, `team/app@sha256:${"a".repeat(64)}`, "pull", "MANIFEST_UNKNOWN");
  assert.equal(server.requests.filter(({ url }) => url.includes("/tags/")).length, 1);
});

test("a refused HEAD has no body: the reason is asked for once, also the one in detail", async () => {
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/") return request.headers.authorization ? reply(response, 200) : reply(response, 401, { "www-authenticate": 'Basic realm="x"' });
    reply(response, 403, {}, request.method === "HEAD" ? "" : { errors: [{ code: "DENIED", message: "not today", detail: { reason: "the team is frozen" } }] });
  });
  await using client = createRegistryClient({ credentials: { find: () => ({ ...me, source: "test" }) }, environment: {}, connections: 1 });
  const reference = parseReference(`${server.host}/team/app:1`);
  await assert.rejects(client.blobHead(reference, `sha256:${"a".repeat(64)}`), (error) => isFault(error, "REGISTRY_DENIED") && /DENIED · not today · the team is frozen$/.test(error.message));
  assert.deepEqual(server.requests.filter(({ url }) => url !== "/v2/").map(({ method }) => method), ["HEAD", "GET"]);
});

test("a challenge that says what is wrong with a token is quoted where there is no body", async () => {
  await using server = await startScriptedServer((request, response) =>
    request.url.startsWith("/token") ? reply(response, 200, {}, { token: "opaque" })
    : reply(response, 401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token",error="invalid_token",error_description="The token \u009bhas expired"` }));
  const { message } = await refused(server.host, "team/app:1", "pull", "REGISTRY_UNAUTHORIZED", me);
  assert.match(message, /: The token  ?has expired$/);
});

test("a repository that is not there: whose eyes looked", async () => {
  await using server = await startScriptedServer((request, response) => {
    if (request.url === "/v2/" && !request.headers.authorization) return reply(response, 401, { "www-authenticate": 'Basic realm="x"' });
    reply(response, 404, {}, { errors: [{ code: "NAME_UNKNOWN" }] });
  });
  assert.match((await refused(server.host, "team/app:1", "push", "NAME_UNKNOWN", me)).hint!, /^check the name; a private repository can also look missing to me \(from \/home\/me\/config\.json\)/);
  assert.match((await refused(server.host, "app:1", "pull", "NAME_UNKNOWN")).hint!, /namespace before it.*until `sampan login /);
});
