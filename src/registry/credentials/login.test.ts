import assert from "node:assert/strict";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync, chmodSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isFault } from "../../std/fault.ts";
import { reply, startScriptedServer } from "../../../test/support/scripted-server.ts";
import { dockerCredentials } from "./credentials.ts";
import { checkLogin, removeLogin, saveLogin } from "./login.ts";

function home(t: TestContext): { folder: string; file: string; environment: Record<string, string> } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-login-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder, file: join(folder, "config.json"), environment: { DOCKER_CONFIG: folder } };
}

const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

test("a login is kept for its owner only and found again", (t) => {
  const { folder, file } = home(t);
  const environment = { DOCKER_CONFIG: join(folder, "new", "deeper") };
  assert.equal(saveLogin("r.example", { username: "me", password: "p:w" }, environment), join(folder, "new/deeper/config.json"));
  assert.equal(statSync(join(folder, "new/deeper/config.json")).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, "new/deeper")).mode & 0o777, 0o700);
  assert.deepEqual(dockerCredentials(environment).find("r.example"), { username: "me", password: "p:w", source: join(folder, "new/deeper/config.json") });
  assert.throws(() => statSync(file));
});

test("what else is in the file stays, and so do its mode and a symbolic link to it", (t) => {
  const { folder, file, environment } = home(t);
  mkdirSync(join(folder, "real"));
  writeFileSync(join(folder, "real/docker.json"), JSON.stringify({ HttpHeaders: { "X-A": "b" }, auths: { "s.example": { auth: "YTpi" } }, unknown: [1] }));
  chmodSync(join(folder, "real/docker.json"), 0o640);
  symlinkSync("real/docker.json", file);
  saveLogin("r.example", { username: "me", password: "pw" }, environment);
  assert.ok(lstatSync(file).isSymbolicLink());
  assert.equal(statSync(file).mode & 0o777, 0o640);
  const config = read(file);
  assert.deepEqual(Object.keys(config), ["HttpHeaders", "auths", "unknown"]);
  assert.deepEqual(Object.keys(config["auths"] as object), ["s.example", "r.example"]);
  assert.deepEqual(readdirSync(join(folder, "real")), ["docker.json"]);
});

test("docker.io is kept under the key that docker reads", (t) => {
  const { file, environment } = home(t);
  saveLogin("docker.io", { username: "me", password: "pw" }, environment);
  assert.deepEqual(Object.keys(read(file)["auths"] as object), ["https://index.docker.io/v1/"]);
});

test("an identity token is kept in the password's place", (t) => {
  const { file, environment } = home(t);
  saveLogin("r.example", { username: "me", password: "SECRET", identityToken: "id" }, environment);
  assert.deepEqual(read(file)["auths"], { "r.example": { auth: Buffer.from("me:").toString("base64"), identitytoken: "id" } });
});

test("a logout removes every key of the host and nothing else, and says when there was none", (t) => {
  const { file, environment } = home(t);
  writeFileSync(file, JSON.stringify({ auths: { "r.example": { auth: "YTpi" }, "https://r.example/v1/": { auth: "YTpi" }, "s.example": { auth: "YTpi" } }, keep: true }));
  assert.equal(removeLogin("r.example", environment), file);
  assert.deepEqual(read(file), { auths: { "s.example": { auth: "YTpi" } }, keep: true });
  assert.equal(removeLogin("r.example", environment), undefined);
});

test("a file that leaves logins to a helper is not written past it", (t) => {
  const { file, environment } = home(t);
  writeFileSync(file, JSON.stringify({ credsStore: "pass" }));
  assert.throws(() => saveLogin("r.example", { username: "a", password: "b" }, environment), (error) => isFault(error, "CREDENTIAL_HELPER"));
  assert.deepEqual(read(file), { credsStore: "pass" });
});

test("a folder that cannot be made is LOGIN_NOT_SAVED", (t) => {
  const { folder } = home(t);
  writeFileSync(join(folder, "plain"), "");
  assert.throws(() => saveLogin("r.example", { username: "a", password: "b" }, { DOCKER_CONFIG: join(folder, "plain/below") }), (error) => isFault(error, "LOGIN_NOT_SAVED"));
});

const login = { username: "me", password: "right" };
const RIGHT = `Basic ${Buffer.from("me:right").toString("base64")}`;

test("a login is checked by Basic", async () => {
  await using server = await startScriptedServer((request, response) =>
    request.headers.authorization === RIGHT ? reply(response, 200) : reply(response, 401, { "www-authenticate": 'Basic realm="x"' }));
  assert.deepEqual(await checkLogin(server.host, login), {});
  await assert.rejects(checkLogin(server.host, { ...login, password: "wrong" }), (error) => isFault(error, "LOGIN_REFUSED") && !/wrong/.test(error.message));
});

test("a login is checked by a token, and the refresh token is handed back", async () => {
  await using server = await startScriptedServer((request, response) => {
    if (request.url.startsWith("/token")) {
      assert.match(request.url, /offline_token=true/);
      if (request.headers.authorization !== RIGHT) return reply(response, 401);
      return reply(response, 200, {}, { token: "t", refresh_token: "keep me" });
    }
    if (request.headers.authorization === "Bearer t") return reply(response, 200);
    reply(response, 401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token",service="x"` });
  });
  assert.deepEqual(await checkLogin(server.host, login), { identityToken: "keep me" });
  await assert.rejects(checkLogin(server.host, { ...login, password: "wrong" }), (error) => isFault(error, "LOGIN_REFUSED"));
});

test("a wrong password shows also where everybody may see /v2/", async () => {
  await using server = await startScriptedServer((request, response) =>
    request.headers.authorization === undefined || request.headers.authorization === RIGHT ? reply(response, 200) : reply(response, 401, { "www-authenticate": 'Basic realm="x"' }));
  assert.deepEqual(await checkLogin(server.host, login), {});
  await assert.rejects(checkLogin(server.host, { ...login, password: "wrong" }), (error) => isFault(error, "LOGIN_REFUSED"));
});
