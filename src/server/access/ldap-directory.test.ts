import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Attribute, Change, Client } from "ldapts";
import { basic, guardedRegistry } from "../../../test/support/guarded-registry.ts";
import { OWNER, SERVICE, slapdMissing, startSlapd } from "../../../test/support/slapd.ts";
import { testAuthority } from "../../../test/support/test-certificate.ts";
import { readConfig } from "../config/read-config.ts";
import { isFault } from "../../std/fault.ts";

const PEOPLE = { carol: "carol's password", dave: "dave's", alice: "directory" };

async function directory(context: TestContext, more = "") {
  const slapd = await startSlapd(context, { people: PEOPLE, groups: { core: ["carol", "alice"], "a (b)": ["dave"] } });
  const registry = await guardedRegistry(context, {
    users: { alice: "file" },
    access: `ldap:
  url: ${slapd.url}
  bindDn: ${SERVICE.dn}
  bindPassword: ${SERVICE.password}
  userBase: ou=people,dc=test
  groupBase: ou=groups,dc=test
${more}grants:
  - {who: group:core, role: writer, repositories: "prod/*"}
  - {who: dave, role: reader, repositories: "**"}
  - {who: alice, role: admin, repositories: "**"}`,
  });
  const status = async (user: string, password: string, path = "/v2/", method = "GET"): Promise<number> =>
    (await registry.server.request(method, path, { headers: { authorization: basic(user, password) } })).status;
  return { slapd, registry, status };
}

test("users of a directory log in by a bind, and its groups have grants", { skip: slapdMissing }, async (context) => {
  const { status } = await directory(context);
  assert.equal(await status("carol", PEOPLE.carol, "/v2/prod/a/blobs/uploads/", "POST"), 202);
  assert.equal(await status("CAROL", PEOPLE.carol, "/v2/prod/a/blobs/uploads/", "POST"), 202, "the directory says how she is called");
  assert.equal(await status("dave", PEOPLE.dave, "/v2/prod/a/blobs/uploads/", "POST"), 403);
  for (const [user, password] of [["carol", "wrong"], ["carol", ""], ["nobody", "x"], ["*", PEOPLE.carol], ["c*", PEOPLE.carol], ["carol)(uid=dave", PEOPLE.dave], ["*)(uid=carol", PEOPLE.carol], ["carol)(|(uid=*", PEOPLE.carol], ["uid=carol,ou=people,dc=test", PEOPLE.carol], ["registry", SERVICE.password]] as const) {
    assert.equal(await status(user, password), 401, user);
  }
});

test("a user of the password file is never asked of the directory, in no spelling", { skip: slapdMissing }, async (context) => {
  const { status } = await directory(context);
  assert.deepEqual([await status("alice", "file"), await status("alice", "directory"), await status("ALICE", "directory")], [200, 401, 401]);
});

test("a directory that is down refuses its users with a reason, and nobody else; tokens are asked again", { skip: slapdMissing }, async (context) => {
  const { slapd, registry: { server }, status } = await directory(context, "  timeout: 2s\n");
  const post = poster(server);
  const { json } = await post({ grant_type: "password", username: "carol", password: PEOPLE.carol, access_type: "offline" });
  const again = { grant_type: "refresh_token", refresh_token: json["refresh_token"]! };
  assert.equal((await post(again)).status, 200);
  await slapd.stop();
  const refused = await server.request("GET", "/v2/", { headers: { authorization: basic("dave", PEOPLE.dave) } });
  assert.deepEqual([refused.status, refused.code(), refused.headers["retry-after"]], [503, "UNAVAILABLE", "5"]);
  assert.ok(!refused.body.toString().includes("127.0.0.1"), "where it is, is nobody's business");
  assert.equal(await status("alice", "file"), 200);
  assert.ok(server.problems.length > 0 && !JSON.stringify(server.problems.map(String)).includes(PEOPLE.dave));
  server.problems.length = 0;
  await slapd.start();
  for (let attempt = 0; (await status("dave", PEOPLE.dave)) !== 200; attempt += 1) {
    assert.ok(attempt < 100, "the directory is there again");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  server.problems.length = 0;
});

/** What is known of a user is asked for again after a minute. @returns what makes a change, and says what is found when that is over */
function aMinuteAfter(context: TestContext, find: () => Promise<number>): (change: () => Promise<void>) => Promise<number> {
  let minutes = 0;
  return async (change) => {
    await change();
    context.mock.timers.enable({ apis: ["Date"], now: Date.now() + 61_000 * (minutes += 1) });
    const found = await find();
    context.mock.timers.reset();
    return found;
  };
}

test("who gets the name of a user that was removed does not get their tokens", { skip: slapdMissing }, async (context) => {
  const { slapd, registry: { server } } = await directory(context);
  const post = poster(server);
  const { json } = await post({ grant_type: "password", username: "carol", password: PEOPLE.carol, access_type: "offline" });
  const again = { grant_type: "refresh_token", refresh_token: json["refresh_token"]! };
  const owner = new Client({ url: slapd.url });
  await owner.bind(OWNER.dn, OWNER.password);
  const carol = "uid=carol,ou=people,dc=test";
  const after = aMinuteAfter(context, async () => (await post(again)).status);
  assert.equal(await after(() => owner.modify(carol, new Change({ operation: "replace", modification: new Attribute({ type: "sn", values: ["Other"] }) }))), 200);
  assert.equal(await after(() => owner.del(carol)), 401);
  assert.equal(await after(() => owner.add(carol, { objectClass: "inetOrgPerson", uid: "carol", cn: "another", sn: "Carol", userPassword: "x" })), 401);
  await owner.unbind();
});

test("personal tokens stay with a person of the directory through another password and another place, and end with them", { skip: slapdMissing }, async (context) => {
  const { slapd, registry: { server }, status } = await directory(context);
  const body = JSON.stringify({ name: "laptop", expires: "never" });
  const made = await server.request("POST", "/api/v1/tokens", { headers: { authorization: basic("carol", PEOPLE.carol), "x-sampan-request": "1", "content-type": "application/json", "content-length": Buffer.byteLength(body) }, body });
  const { secret } = made.json() as { secret: string };
  const owner = new Client({ url: slapd.url });
  await owner.bind(OWNER.dn, OWNER.password);
  const carol = "uid=carol,ou=people,dc=test";
  const after = aMinuteAfter(context, () => status("carol", secret));
  assert.equal(await after(() => owner.modify(carol, new Change({ operation: "replace", modification: new Attribute({ type: "userPassword", values: ["new"] }) }))), 200);
  assert.equal(await after(() => owner.modifyDN(carol, "uid=carol+cn=carol")), 200);
  assert.equal(await after(async () => {
    await owner.del("uid=carol+cn=carol,ou=people,dc=test");
    await owner.add(carol, { objectClass: "inetOrgPerson", uid: "carol", cn: "another", sn: "Carol", userPassword: "x" });
  }), 401, "nobody has asked while there was no carol");
  assert.equal(await status("carol", "x"), 200);
  await owner.unbind();
});

test("STARTTLS checks the certificate", { skip: slapdMissing }, async (context) => {
  const good = await directory(context, `  startTls: true\n  ca: ${caFile(context)}\n`);
  assert.equal(await good.status("dave", PEOPLE.dave), 200);
  const bad = await directory(context, "  startTls: true\n");
  assert.equal(await bad.status("dave", PEOPLE.dave), 503);
  bad.registry.server.problems.length = 0;
});

test("passwords in plain text, passwords without a name and filters without a user are mistakes", () => {
  const problems = (ldap: string): string => {
    try {
      readConfig(`access: {ldap: {userBase: "dc=x", ${ldap}}}`, "r.yaml");
    } catch (error) {
      assert.ok(isFault(error, "SERVER_CONFIG_INVALID"));
      return error.message;
    }
    return "";
  };
  assert.equal(problems("url: 'ldaps://ldap.example.com', bindDn: a, bindPassword: b"), "");
  assert.match(problems("url: 'ldap://ldap.example.com'"), /passwords would travel in plain text/);
  assert.match(problems("url: 'ldap://127.0.0.1.example.com'"), /passwords would travel in plain text/);
  assert.match(problems("url: 'ldaps://h', bindDn: a"), /bindDn and its password need each other/);
  assert.match(problems("url: 'ldaps://h', userFilter: '(uid=*)'"), /no filter with a place for the user/);
  assert.match(problems("url: 'http://h'"), /it has the form ldaps:\/\/HOST/);
});

const poster = (server: Awaited<ReturnType<typeof guardedRegistry>>["server"]) => async (fields: Record<string, string>) => {
  const answer = await server.request("POST", "/auth/token", { headers: { "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams(fields).toString() });
  return { status: answer.status, json: answer.json() as Record<string, string> };
};

function caFile(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-ldap-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "ca.pem"), testAuthority);
  return join(folder, "ca.pem");
}
