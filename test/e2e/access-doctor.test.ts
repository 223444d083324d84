import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeHelper, writeOddHelper } from "../support/credential-helper.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { reply, startScriptedServer } from "../support/scripted-server.ts";
import { startTokenRegistry, testToken } from "../support/token-registry.ts";

const auth = (user: string, password: string): { auth: string } => ({ auth: Buffer.from(`${user}:${password}`).toString("base64") });
const flat = ({ stdout }: Finished): string => stdout.replace(/\n {2,}(?! *from)/g, " ");

interface Probe { readonly action: string; readonly allowed: boolean; readonly known: string; readonly granted?: string[]; readonly expires?: string; readonly hint?: string }
interface Report { readonly login?: object; readonly places: { outcome: string; source: string }[]; readonly registry?: object; readonly probes: Probe[] }

test("doctor says who is used and from where, what the registry wants, and what its token grants until when", async (context) => {
  await using registry = await startTokenRegistry({ users: { bee: "SECRET", ant: "SECRET" }, rights: (user, repository) => (user === "bee" && repository.startsWith("hive/") ? ["pull"] : user === "bee" ? ["pull", "push"] : []) });
  const { host } = registry;
  const { sampan, folder } = scratchSampan(context);
  mkdirSync(join(folder, "docker"));
  const [config, other] = [join(folder, "docker", "config.json"), join(folder, "auth.json")];
  writeFileSync(config, JSON.stringify({ auths: { [host]: auth("ant", "SECRET") } }));
  writeFileSync(other, JSON.stringify({ auths: { [`${host}/hive`]: auth("bee", "SECRET") } }));

  const denied = await sampan(["auth", "doctor", `${host}/hive/app:1.0`]);
  assert.equal(denied.status, 0, denied.stderr);
  const text = flat(denied);
  assert.match(text, new RegExp(`^login +bee by password, from ${other}, entry ${host}/hive$`, "m"));
  assert.match(text, new RegExp(`^ {2}from +${other}, ${host}/hive: this one is used$`, "m"));
  assert.match(text, new RegExp(`^ {2}from +${config}, ${host}: not asked, because the one before is used$`, "m"));
  assert.match(text, new RegExp(`^registry +http://${host} wants a token \\(Bearer\\), realm http://${host}/token, service tests$`, "m"));
  assert.match(text, /^pull +allowed, says the token \(asked for repository:hive\/app:pull, granted repository:hive\/app:pull\); the token ends at 20\d\d-/m);
  assert.match(text, /^push +not allowed, says the token \(asked for repository:hive\/app:pull,push, granted repository:hive\/app:pull\)/m);
  assert.match(text, /^bee may pull, but not push\.$/m);
  assert.match(text, /^hint: bee may pull from hive\/app but not push: ask its owner/m);

  const json = await sampan(["auth", "doctor", "--format", "json", `${host}/team/app`]);
  assert.equal(json.status, 1, "ant may nothing");
  const report = JSON.parse(json.stdout) as Report;
  assert.deepEqual(report.login, { user: "ant", kind: "password", source: config });
  assert.deepEqual(report.probes.map(({ action, allowed, known, granted }) => ({ action, allowed, known, granted })), [
    { action: "pull", allowed: false, known: "token", granted: [] }, { action: "push", allowed: false, known: "token", granted: [] },
  ]);
  const given = JSON.parse((await sampan(["auth", "doctor", "--creds", "bee:SECRET", "--format", "json", `${host}/team/app`])).stdout) as Report;
  assert.deepEqual(given.probes.map(({ allowed }) => allowed), [true, true]);
  assert.equal(given.places[0]!.source, "--creds");
  assert.doesNotMatch(denied.stdout + json.stdout + JSON.stringify(given), /SECRET/);
});

test("--no-creds shows what everybody may do, and a helper of registries.conf is found", async (context) => {
  await using registry = await startTokenRegistry({ users: { bee: "SECRET" }, rights: (user) => (user === undefined ? ["pull"] : ["pull", "push"]), tags: { "hive/app": ["1.0"] } });
  const { sampan, folder } = scratchSampan(context);
  const conf = join(folder, "registries.conf");
  writeFileSync(conf, 'credential-helpers = ["test"]\n');
  const { path, calls } = writeHelper(folder, "test", { [registry.host]: ["bee", "SECRET"] });
  const env = { PATH: `${path}:${process.env["PATH"]}`, CONTAINERS_REGISTRIES_CONF: conf };
  const known = await sampan(["auth", "doctor", `${registry.host}/hive/app`], { env });
  assert.match(flat(known), new RegExp(`^login +bee by password, from docker-credential-test \\(credential-helpers in ${conf}\\)$[^]*^bee may pull and push\\.$`, "m"));
  assert.equal((await sampan(["tags", `${registry.host}/hive/app`], { env })).stdout, "1.0\n");
  const asked = calls().length;
  const nobody = await sampan(["auth", "doctor", "--no-creds", `${registry.host}/hive/app`], { env });
  assert.match(nobody.stdout, /^login +none$[^]*^Without a login one may pull, but not push\.$/m);
  assert.equal((await sampan(["tags", "--no-creds", `${registry.host}/hive/app`], { env })).stdout, "1.0\n");
  assert.equal(calls().length, asked, "no helper was asked");
  assert.equal((await sampan(["tags", "--no-creds", "--creds", "a:b", `${registry.host}/hive/app`])).status, 2);
});

test("what a registry says does not reach the terminal as commands", async (context) => {
  const token = testToken({ sub: "\u001b[2Jx", access: [{ type: "repository", name: "a/b\u009b2J", actions: ["pull"] }] });
  await using server = await startScriptedServer((request, response) => {
    if (request.url.startsWith("/token")) return reply(response, 200, {}, { token });
    reply(response, 401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token",service="\u009b2Js"` });
  });
  const { sampan } = scratchSampan(context);
  const { stdout, stderr } = await sampan(["auth", "doctor", `${server.host}/a/b`]);
  assert.match(stdout, /granted repository:a\/b 2J:pull/);
  assert.doesNotMatch(stdout + stderr, /[^\P{Cc}\n]/u);
});

test("where tokens say nothing, doctor tries, and leaves no upload behind", async (context) => {
  await using registry = await startTokenRegistry({ users: { bee: "SECRET" }, rights: () => ["pull", "push"], opaque: true });
  const { sampan } = scratchSampan(context);
  const { status, stdout } = await sampan(["auth", "doctor", "--creds", "bee:SECRET", `${registry.host}/hive/app`]);
  assert.equal(status, 0);
  assert.match(stdout, /^pull +allowed, tried .*\n(?:.*\n)*?push +allowed, tried /m);
  assert.match(stdout, /^bee may pull and push\.$/m);
  const uploads = registry.requests.filter(({ url, headers }) => url.includes("/uploads/") && headers.authorization).map(({ method }) => method);
  assert.deepEqual(uploads.slice(-2), ["POST", "DELETE"]);
});

test("Debian's registry with Basic: a right login, a wrong one and none", { skip: missing("docker-registry") || missing("htpasswd") }, async (context) => {
  await using registry = await startDockerRegistry({ login: { username: "sailor", password: "SECRET" } });
  const { sampan } = scratchSampan(context);
  const ask = (...words: string[]): Promise<Finished> => sampan(["auth", "doctor", ...words]);
  const right = await ask("--creds=sailor:SECRET", `${registry.host}/team/app`);
  assert.equal(right.status, 0, right.stdout);
  assert.match(right.stdout, /wants user and password \(Basic\), realm tests/);
  assert.match(right.stdout, /^sailor may pull and push\.$/m);
  assert.match((await ask("--creds=sailor:SECRET", registry.host)).stdout, /^sign in +allowed, tried$[^]*^sailor may sign in\.$/m);
  const wrong = await ask("--creds=sailor:WRONG", registry.host);
  assert.equal(wrong.status, 1);
  assert.match(flat(wrong), /^sign in +not allowed, tried: .*did not accept the login as sailor \(from --creds\)/m);
  assert.match(wrong.stdout, /^hint: check the user and the password of --creds/m);
  const none = await ask(`${registry.host}/team/app`);
  assert.match(none.stdout, /^login +none; looked in .*config\.json, [^]*^Without a login one may not pull or push\.\nhint: log in with `sampan login 127/m);
  assert.doesNotMatch(right.stdout + wrong.stdout + none.stdout, /SECRET|WRONG/);
});

test("a registry that wants no login, and one that does not answer", async (context) => {
  const { sampan } = scratchSampan(context);
  await using server = await startScriptedServer((request, response) => reply(response, request.method === "POST" ? 403 : 200, {}, {}));
  const open = await sampan(["auth", "doctor", `${server.host}/a/b`]);
  assert.match(open.stdout, /wants no login[^]*^Without a login one may pull, but not push\.$/m);
  const gone = await sampan(["auth", "doctor", "127.0.0.1:1"]);
  assert.equal(gone.status, 1);
  assert.match(flat(gone), /^registry +it did not answer\nsign in +not allowed, tried: registry 127\.0\.0\.1:1 cannot be reached/m);
});

test("without REF doctor lists every login with its place, those of helpers too, and no secret", async (context) => {
  const { sampan, folder } = scratchSampan(context);
  const none = await sampan(["auth", "doctor"]);
  assert.match(none.stdout, new RegExp(`^No logins are kept\\. Looked in:\n  ${join(folder, "docker", "config.json")}\n`));
  mkdirSync(join(folder, "docker"));
  const [config, other] = [join(folder, "docker", "config.json"), join(folder, "auth.json")];
  const ended = testToken({ exp: 1_700_000_000, sub: "robot" });
  writeFileSync(config, JSON.stringify({ credsStore: "all", credHelpers: { "h.example": "bad" }, auths: { "https://index.docker.io/v1/": {}, "b.example": auth("bee", "SECRET"), "c.example": { identitytoken: ended } } }));
  writeFileSync(other, JSON.stringify({ auths: { "d.example/team": auth("dog", "SECRET") } }));
  const { path } = writeHelper(folder, "all", { "https://index.docker.io/v1/": ["hub", "SECRET"], "t.example": ["<token>", "SECRET"] });
  writeOddHelper(folder, "bad", "echo it is locked; exit 1");
  const env = { PATH: `${path}:${process.env["PATH"]}`, DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "v.example": auth("var", "SECRET") } }) };
  const listed = await sampan(["auth", "doctor"], { env });
  assert.equal(listed.status, 1, "one helper could not tell");
  const lines = flat(listed).trimEnd().split("\n").map((line) => line.replace(/ {2,}/, " | "));
  assert.deepEqual(lines.map((line) => line.replaceAll(folder, "F")), [
    "v.example | var (from DOCKER_AUTH_CONFIG)",
    "h.example | docker-credential-bad, which credHelpers in F/docker/config.json names for all registries: `list` ended with status 1: it is locked",
    "docker.io | hub (from docker-credential-all (credsStore in F/docker/config.json))",
    "t.example | identity token (from docker-credential-all (credsStore in F/docker/config.json))",
    "b.example | bee (from F/docker/config.json)",
    "c.example | robot, identity token, until 2023-11-14T22:13:20.000Z (from F/docker/config.json)",
    "d.example/team | dog (from F/auth.json)",
  ]);
  const rows = await sampan(["auth", "doctor", "--format", "{{.registry}} {{.kind}}"], { env });
  assert.match(rows.stdout, /^c\.example identity token$/m);
  assert.doesNotMatch(listed.stdout + rows.stdout, /SECRET/);
  assert.ok(!listed.stdout.includes(ended));
});
