import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isFault } from "../../std/fault.ts";
import { dockerCredentials, type CredentialSource } from "./credentials.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function withConfig(t: TestContext, config: object | string | undefined, more: Record<string, string> = {}): { source: CredentialSource; file: string } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "config.json");
  if (config !== undefined) writeFileSync(file, typeof config === "string" ? config : JSON.stringify(config));
  return { source: dockerCredentials({ DOCKER_CONFIG: folder, ...more }), file };
}

test("a login is base64 of user:password, whose password may hold colons and trailing NULs", (t) => {
  const { source, file } = withConfig(t, { auths: { "r.example": { auth: base64("me:pa:ss\0\0") } } });
  assert.deepEqual(source.find("r.example"), { username: "me", password: "pa:ss", source: file });
  assert.equal(source.find("other.example"), undefined);
});

test("no file, an empty one and an empty entry mean no login", (t) => {
  assert.equal(withConfig(t, undefined).source.find("r.example"), undefined);
  assert.equal(withConfig(t, " \n").source.find("r.example"), undefined);
  assert.equal(withConfig(t, { auths: { "r.example": {} } }).source.find("r.example"), undefined);
});

test("~/.docker is the place without DOCKER_CONFIG", (t) => {
  const home = mkdtempSync(join(tmpdir(), "sampan-home-"));
  t.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, ".docker"));
  writeFileSync(join(home, ".docker/config.json"), JSON.stringify({ auths: { "r.example": { auth: base64("a:b") } } }));
  assert.equal((dockerCredentials({ HOME: home }).find("r.example") as { username: string }).username, "a");
});

test("docker.io's login is under Docker's old address, and keys may be URLs of the host", (t) => {
  const { source } = withConfig(t, { auths: { "https://index.docker.io/v1/": { auth: base64("hub:x") }, "https://r.example/v2/": { auth: base64("url:x") } } });
  assert.equal((source.find("docker.io") as { username: string }).username, "hub");
  assert.equal((source.find("r.example") as { username: string }).username, "url");
});

test("the exact key is preferred to one that is a URL of the host", (t) => {
  const { source } = withConfig(t, { auths: { "https://r.example": { auth: base64("url:x") }, "r.example": { auth: base64("exact:x") } } });
  assert.equal((source.find("r.example") as { username: string }).username, "exact");
});

test("a port is part of the host", (t) => {
  const { source } = withConfig(t, { auths: { "r.example:5000": { auth: base64("a:b") } } });
  assert.equal(source.find("r.example"), undefined);
});

test("identity tokens and registry tokens are read, also with the user name <token>", (t) => {
  const { source, file } = withConfig(t, { auths: { a: { auth: base64("me:"), identitytoken: "id" }, b: { registrytoken: "reg" }, c: { auth: base64("<token>:id2") } } });
  assert.deepEqual(source.find("a"), { username: "me", identityToken: "id", source: file });
  assert.deepEqual(source.find("b"), { registryToken: "reg", source: file });
  assert.deepEqual(source.find("c"), { identityToken: "id2", source: file });
});

test("DOCKER_AUTH_CONFIG comes before the file, and other hosts fall through", (t) => {
  const variable = JSON.stringify({ auths: { "r.example": { auth: base64("variable:x") } } });
  const { source } = withConfig(t, { auths: { "r.example": { auth: base64("file:x") }, "s.example": { auth: base64("file:x") } } }, { DOCKER_AUTH_CONFIG: variable });
  assert.deepEqual(source.find("r.example"), { username: "variable", password: "x", source: "DOCKER_AUTH_CONFIG" });
  assert.equal((source.find("s.example") as { username: string }).username, "file");
});

test("DOCKER_AUTH_CONFIG may hold logins only", (t) => {
  for (const variable of ['{"credsStore":"x","auths":{}}', '{"auths":{"r.example":{}}}', "nonsense"]) {
    assert.throws(() => withConfig(t, {}, { DOCKER_AUTH_CONFIG: variable }).source.find("r.example"), (error) => isFault(error, "DOCKER_CONFIG_INVALID"), variable);
  }
});

test("a helper for the host is named and refused, one for another host does not matter", (t) => {
  const { source } = withConfig(t, { credHelpers: { "r.example": "ecr-login" }, auths: { "s.example": { auth: base64("a:b") } } });
  assert.throws(() => source.find("r.example"), (error) => isFault(error, "CREDENTIAL_HELPER") && /docker-credential-ecr-login/.test(error.message));
  assert.equal((source.find("s.example") as { username: string }).username, "a");
});

test("a store of logins is refused for the hosts that it keeps, and other hosts are asked without a login", (t) => {
  const { source } = withConfig(t, { credsStore: "desktop", auths: { "r.example": {} } });
  assert.throws(() => source.find("r.example"), (error) => isFault(error, "CREDENTIAL_HELPER") && /credsStore/.test(error.message));
  assert.equal(source.find("other.example"), undefined);
});

test("a file that is no config is refused with its name", (t) => {
  for (const config of ["{", "[]", '{"auths":5}', '{"auths":{"r.example":{"auth":"bm9jb2xvbg=="}}}']) {
    assert.throws(() => withConfig(t, config).source.find("r.example"), (error) => isFault(error, "DOCKER_CONFIG_INVALID") && error.message.includes("config.json"), config);
  }
});
