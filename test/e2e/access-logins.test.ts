import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { writeHelper, writeOddHelper } from "../support/credential-helper.ts";
import { assertFault } from "../support/check-fault.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { foreign, needs } from "../support/foreign.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { reply, startScriptedServer } from "../support/scripted-server.ts";
import { sampanWithBase } from "../support/sampan-base.ts";
import { startTokenRegistry } from "../support/token-registry.ts";

const login = { username: "sailor", password: "SECRET" };
const noRegistry = noBusybox || needs("docker-registry", "htpasswd");

interface Place {
  readonly folder: string;
  readonly config: string;
  readonly sampan: ReturnType<typeof scratchSampan>["sampan"];
  logIn(host: string, more?: readonly string[], env?: Record<string, string>): Promise<Finished>;
}

function place(context: TestContext): Place {
  const { folder, sampan } = scratchSampan(context);
  mkdirSync(join(folder, "docker"));
  const logIn: Place["logIn"] = (host, more = [], env = {}) => sampan(["login", "-u", login.username, "--password-stdin", ...more, host], { input: login.password, env });
  return { folder, config: join(folder, "docker", "config.json"), sampan, logIn };
}

async function guarded(context: TestContext): Promise<string> {
  const registry = await startDockerRegistry({ login });
  context.after(() => registry[Symbol.asyncDispose]());
  return registry.host;
}

test("login and logout go through the helper that config.json names, and no password lands in a file", { skip: noRegistry }, async (context) => {
  const host = await guarded(context);
  const { folder, config, sampan, logIn } = place(context);
  writeFileSync(config, JSON.stringify({ credsStore: "test", psFormat: "kept" }), { mode: 0o640 });
  const helper = writeHelper(folder, "test");
  const env = { PATH: `${helper.path}:${process.env["PATH"]}` };
  const done = await logIn(host, [], env);
  assert.deepEqual([done.status, done.stdout, done.stderr], [0, "Login Succeeded\n", ""]);
  assert.deepEqual(helper.kept(), { [host]: ["sailor", "SECRET"] });
  assert.deepEqual(JSON.parse(readFileSync(config, "utf8")), { credsStore: "test", psFormat: "kept", auths: { [host]: {} } });
  assert.equal(statSync(config).mode & 0o777, 0o640);
  assert.match((await sampan(["auth", "doctor", host], { env })).stdout, /^sailor may sign in\.$/m);

  assert.equal((await sampan(["logout", host], { env })).stdout, `Removing login credentials for ${host}\n`);
  assert.deepEqual([helper.kept(), (JSON.parse(readFileSync(config, "utf8")) as { auths: object }).auths], [{}, {}]);
  assert.equal((await sampan(["logout", host], { env })).stdout, `Not logged in to ${host}\n`);

  writeOddHelper(folder, "test", "echo the keyring is locked; exit 1");
  const failed = await logIn(host, [], env);
  assertFault(failed, { message: /docker-credential-test, which credsStore in .*config\.json names for 127.*: `store` ended with status 1: the keyring is locked/, hint: /docker-credential-test list/ });
  assert.doesNotMatch(readFileSync(config, "utf8") + failed.stderr, /SECRET/);
});

test("a password that lands in plain text is warned of, with what would avoid it here", async (context) => {
  await using server = await startScriptedServer((request, response) =>
    request.headers.authorization ? reply(response, 200) : reply(response, 401, { "www-authenticate": 'Basic realm="x"' }));
  const { folder, config, logIn } = place(context);
  const none = await logIn(server.host, [], { PATH: join(folder, "bin") });
  assert.match(none.stderr, new RegExp(`^\nWARNING! The password is stored unencrypted in '${config}'\\.\nInstall a credential helper, such as docker-credential-pass .*"credsStore": "pass"\\.\n`));
  writeHelper(folder, "secretservice");
  const found = await logIn(server.host, [], { PATH: join(folder, "bin") });
  assert.match(found.stderr, /docker-credential-secretservice is installed: put "credsStore": "secretservice" into that file, and log in again\./);
});

test("config.json stays a link, and login and logout tell of a login that they do not change", async (context) => {
  await using server = await startScriptedServer((request, response) =>
    request.headers.authorization ? reply(response, 200) : reply(response, 401, { "www-authenticate": 'Basic realm="x"' }));
  const { folder, config, sampan, logIn } = place(context);
  mkdirSync(join(folder, "dotfiles"));
  symlinkSync("../dotfiles/docker.json", config);
  const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [server.host]: { auth: Buffer.from("other:SECRET").toString("base64") } } }) };
  const done = await logIn(server.host, [], env);
  assert.match(done.stderr, new RegExp(`WARNING! DOCKER_AUTH_CONFIG holds another login for ${server.host}, which is used before this one\\.\n$`));
  assert.ok(lstatSync(config).isSymbolicLink());
  assert.deepEqual(readdirSync(join(folder, "dotfiles")), ["docker.json"]);
  const out = await sampan(["logout", server.host], { env });
  assert.deepEqual([out.stdout, out.stderr], [`Removing login credentials for ${server.host}\n`, `WARNING! DOCKER_AUTH_CONFIG still holds a login for ${server.host}.\n`]);
});

test("podman's and skopeo's logins for a namespace are used, and ours are theirs", { skip: noRegistry || needs("skopeo", "podman") }, async (context) => {
  const host = await guarded(context);
  const name = `${host}/team/app:1`;
  const { sampan, folder } = await sampanWithBase(context, { names: [name] });
  const [theirs, ours] = [join(folder, "theirs.json"), join(folder, "ours.json")];
  await foreign("podman", ["login", "--tls-verify=false", "--authfile", theirs, "-u", login.username, "-p", login.password, `${host}/team`]);
  assert.deepEqual(Object.keys((JSON.parse(readFileSync(theirs, "utf8")) as { auths: object }).auths), [`${host}/team`]);
  const pushed = await sampan(["push", "-q", name], { env: { REGISTRY_AUTH_FILE: theirs } });
  assert.equal(pushed.status, 0, pushed.stderr);
  assert.equal((await sampan(["pull", "-q", `${host}/other/app:1`], { env: { REGISTRY_AUTH_FILE: theirs } })).status, 1, "it is for the namespace only");

  const done = await sampan(["login", "-u", login.username, "--password-stdin", "--authfile", ours, `${host}/team`], { input: login.password });
  assert.equal(done.status, 0, done.stderr);
  const inspect = ["inspect", "--tls-verify=false", "--authfile", ours, "--format", "{{.Name}}", `docker://${name}`];
  assert.equal((await foreign("skopeo", inspect)).trim(), `${host}/team/app`);
  assert.equal((await sampan(["pull", "-q", "--authfile", ours, name])).status, 0);
  assert.equal((await sampan(["tags", "--authfile", ours, `${host}/team/app`])).stdout, "1\n");
  assert.equal((await sampan(["copy", "-q", "--src-authfile", ours, name, `oci:${join(folder, "layout")}:1`])).status, 0);
  const source = await sampan(["copy", "-q", "--src-creds", "sailor:WRONG", name, `oci:${join(folder, "layout")}:2`]);
  assertFault(source, { message: /as sailor \(from --src-creds\)/, hint: /check the user and the password of --src-creds/ });
  assert.equal((await sampan(["logout", "--authfile", ours, `${host}/team`])).stdout, `Removing login credentials for ${host}/team\n`);
  await assert.rejects(foreign("skopeo", inspect));
  assertFault(await sampan(["pull", "--authfile", join(folder, "none.json"), name]), { message: /none\.json: no such file/ });
});

test("a missing helper does not stop what everybody may do, and is named when more is wanted", async (context) => {
  await using registry = await startTokenRegistry({ rights: (_user, repository) => (repository === "open/app" ? ["pull"] : []), tags: { "open/app": ["1.0"] } });
  const { config, sampan } = place(context);
  writeFileSync(config, JSON.stringify({ credsStore: "sampan-gone" }));
  assert.equal((await sampan(["tags", `${registry.host}/open/app`])).stdout, "1.0\n");
  assertFault(await sampan(["tags", `${registry.host}/shut/app`]), {
    message: /wants a login for shut\/app, and none was sent/,
    hint: /a kept login may be out of reach: docker-credential-sampan-gone, which credsStore in .* names for .*: the program is not installed or not in PATH/,
  });
  writeFileSync(config, JSON.stringify({ credHelpers: { [registry.host]: "sampan-gone" } }));
  assertFault(await sampan(["tags", `${registry.host}/open/app`]), { message: /docker-credential-sampan-gone, which credHelpers in/, hint: /install docker-credential-sampan-gone/ });
});

test("an identity token that the token service gives is kept in the password's place, used, and forgotten", async (context) => {
  const users: Record<string, string> = { sailor: "SECRET", "<token>": "REFRESH" };
  await using registry = await startTokenRegistry({ users, rights: () => ["pull"], tags: { "team/app": ["1.0"] }, refreshToken: "REFRESH" });
  const { config, sampan, logIn } = place(context);
  assert.equal((await logIn(registry.host)).status, 0);
  assert.deepEqual(JSON.parse(readFileSync(config, "utf8")), { auths: { [registry.host]: { auth: Buffer.from("sailor:").toString("base64"), identitytoken: "REFRESH" } } });
  delete users["sailor"];
  assert.equal((await sampan(["tags", `${registry.host}/team/app`])).stdout, "1.0\n", "the password is not needed again");
  assert.deepEqual(registry.requests.filter(({ url }) => url.startsWith("/token")).map(({ method }) => method), ["GET", "POST"]);
  users["<token>"] = "revoked";
  assertFault(await sampan(["tags", `${registry.host}/team/app`]), { message: /did not accept the login as sailor \(from .*config\.json\)/, hint: /changed or revoked.*sampan login / });
  await sampan(["logout", registry.host]);
  assert.deepEqual(JSON.parse(readFileSync(config, "utf8")), { auths: {} });
});
