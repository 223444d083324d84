import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isFault } from "../../std/fault.ts";
import { writeHelper } from "../../../test/support/credential-helper.ts";
import type { CredentialSource } from "./credentials.ts";
import { dockerCredentials } from "./find-login.ts";
import type { HelperList } from "./login-sources.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const auth = (user: string): { auth: string } => ({ auth: base64(`${user}:x`) });

interface Home {
  readonly folder: string;
  /** Docker's config.json. */
  readonly file: string;
  readonly environment: Record<string, string>;
  readonly source: CredentialSource;
  write(path: string, content: object | string): string;
}

/** A home folder of its own, so that nothing of the machine is read. */
function home(t: TestContext, config?: object | string, more: Record<string, string> = {}): Home {
  const folder = mkdtempSync(join(tmpdir(), "sampan-home-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const environment = { HOME: folder, DOCKER_CONFIG: join(folder, "docker"), XDG_RUNTIME_DIR: join(folder, "run"), PATH: `${join(folder, "bin")}:${process.env["PATH"]}`, ...more };
  const write = (path: string, content: object | string): string => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
    return join(folder, path);
  };
  const file = config === undefined ? join(folder, "docker/config.json") : write("docker/config.json", config);
  return { folder, file, environment, source: dockerCredentials(environment), write };
}

const user = async (source: CredentialSource, host: string, repository?: string): Promise<string | undefined> => (await source.find(host, repository))?.username;

test("a login is base64 of user:password, whose password may hold colons and trailing NULs", async (t) => {
  const { source, file } = home(t, { auths: { "r.example": { auth: base64("me:pa:ss\0\0") } } });
  assert.deepEqual(await source.find("r.example"), { username: "me", password: "pa:ss", source: file });
  assert.equal(await source.find("other.example"), undefined);
});

test("no file, an empty one and an empty entry mean no login", async (t) => {
  assert.equal(await home(t).source.find("r.example"), undefined);
  assert.equal(await home(t, " \n").source.find("r.example"), undefined);
  assert.equal(await home(t, { auths: { "r.example": {} } }).source.find("r.example"), undefined);
});

test("~/.docker is the place without DOCKER_CONFIG", async (t) => {
  const { write, folder } = home(t);
  write(".docker/config.json", { auths: { "r.example": auth("a") } });
  assert.equal(await user(dockerCredentials({ HOME: folder }), "r.example"), "a");
});

test("docker.io's login is under Docker's old address, and keys may be URLs of the host", async (t) => {
  const { source } = home(t, { auths: { "https://index.docker.io/v1/": auth("hub"), "https://r.example/v2/": auth("url"), "s.example/v1": auth("old") } });
  assert.equal(await user(source, "docker.io", "library/alpine"), "hub");
  assert.equal(await user(source, "r.example"), "url");
  assert.equal(await user(source, "s.example", "a"), "old");
});

test("the exact key is preferred to one that is a URL of the host", async (t) => {
  const { source } = home(t, { auths: { "https://r.example": auth("url"), "r.example": auth("exact") } });
  assert.equal(await user(source, "r.example"), "exact");
});

test("a port is part of the host", async (t) => {
  const { source } = home(t, { auths: { "r.example:5000": auth("a") } });
  assert.equal(await source.find("r.example"), undefined);
});

test("identity tokens and registry tokens are read, also with the user name <token>", async (t) => {
  const { source, file } = home(t, { auths: { a: { auth: base64("me:"), identitytoken: "id" }, b: { registrytoken: "reg" }, c: { auth: base64("<token>:id2") } } });
  assert.deepEqual(await source.find("a"), { username: "me", identityToken: "id", source: file });
  assert.deepEqual(await source.find("b"), { registryToken: "reg", source: file });
  assert.deepEqual(await source.find("c"), { identityToken: "id2", source: file });
});

test("of the keys of a host, its namespaces and repositories the most specific one counts", async (t) => {
  const { source, file } = home(t, { auths: { "r.example": auth("host"), "r.example/team": auth("team"), "r.example/team/app": auth("app"), "docker.io/library": auth("official") } });
  assert.deepEqual(await source.find("r.example", "team/app"), { username: "app", password: "x", source: file, entry: "r.example/team/app" });
  assert.equal(await user(source, "r.example", "team/app/deeper"), "app");
  assert.equal(await user(source, "r.example", "team/other"), "team");
  assert.equal(await user(source, "r.example", "teamwork/app"), "host");
  assert.equal(await user(source, "r.example"), "host");
  assert.equal(await user(source, "docker.io", "library/alpine"), "official");
  assert.equal(await user(source, "docker.io", "me/app"), undefined);
});

test("DOCKER_AUTH_CONFIG comes before all files, and other hosts fall through", async (t) => {
  const variable = JSON.stringify({ auths: { "r.example": auth("variable") } });
  const { source, write } = home(t, { auths: { "r.example": auth("file"), "s.example": auth("file") } }, { DOCKER_AUTH_CONFIG: variable });
  write("run/containers/auth.json", { auths: { "r.example/team": auth("namespace") } });
  assert.deepEqual(await source.find("r.example", "team/app"), { username: "variable", password: "x", source: "DOCKER_AUTH_CONFIG" });
  assert.equal(await user(source, "s.example"), "file");
});

test("DOCKER_AUTH_CONFIG may hold logins only, and its text is in no error", async (t) => {
  for (const variable of ['{"credsStore":"SECRET","auths":{}}', '{"auths":{"r.example":{}}}', "SECRET", '{"auths":{"r.example":{"auth":5}}}']) {
    const { source } = home(t, {}, { DOCKER_AUTH_CONFIG: variable });
    await assert.rejects(source.find("r.example") as Promise<unknown>, (error) => isFault(error, "DOCKER_CONFIG_INVALID") && !/SECRET/.test(`${error.message} ${(error.cause as Error | undefined)?.message}`), variable);
  }
});

test("containers' auth.json is read after docker's config.json, and its narrower entries before", async (t) => {
  const { source, write } = home(t, { auths: { "r.example": auth("docker") } });
  const file = write("run/containers/auth.json", { auths: { "r.example": auth("podman"), "r.example/team": auth("team"), "s.example": auth("podman") } });
  write(".config/containers/auth.json", { auths: { "s.example": auth("late"), "t.example": auth("late") } });
  write(".dockercfg", { "u.example": auth("oldest") });
  assert.equal(await user(source, "r.example", "other/app"), "docker");
  assert.deepEqual(await source.find("r.example", "team/app"), { username: "team", password: "x", source: file, entry: "r.example/team" });
  assert.equal(await user(source, "s.example", "a"), "podman");
  assert.equal(await user(source, "t.example", "a"), "late");
  assert.equal(await user(source, "u.example", "a"), "oldest");
});

test("REGISTRY_AUTH_FILE stands for the files of containers, and an auth file that is named for all", async (t) => {
  const { environment, write } = home(t, { auths: { "r.example": auth("docker") } });
  write("run/containers/auth.json", { auths: { "s.example": auth("podman") } });
  const told = write("told.json", { auths: { "r.example": auth("told"), "t.example": auth("told") } });
  const source = dockerCredentials({ ...environment, REGISTRY_AUTH_FILE: told });
  assert.deepEqual([await user(source, "r.example"), await user(source, "s.example"), await user(source, "t.example")], ["docker", undefined, "told"]);
  const only = dockerCredentials({ ...environment, DOCKER_AUTH_CONFIG: "nonsense" }, { authFile: told });
  assert.deepEqual([await user(only, "r.example"), await user(only, "s.example")], ["told", undefined]);
});

test("a helper for the host is asked before the store, the store before the file, and each once", async (t) => {
  const { folder, source, file } = home(t, {
    credsStore: "all", credHelpers: { "r.example": "one", "t.example": "" },
    auths: { "r.example": auth("file"), "t.example": auth("file"), "u.example": auth("file"), "v.example/team": auth("team") },
  });
  const one = writeHelper(folder, "one", { "r.example": ["helper", "SECRET"] });
  const all = writeHelper(folder, "all", { "r.example": ["store", "x"], "s.example": ["store", "x"], "v.example": ["store", "x"], "https://index.docker.io/v1/": ["<token>", "id"] });
  const label = `docker-credential-one (credHelpers in ${file})`;
  assert.deepEqual(await source.find("r.example", "a/b"), { username: "helper", password: "SECRET", source: label });
  assert.equal(await user(source, "r.example", "c"), "helper");
  assert.deepEqual(one.calls(), ["get r.example"]);
  assert.equal(await user(source, "s.example", "a"), "store");
  assert.equal(await user(source, "t.example", "a"), "file", "an empty helper means the file");
  assert.equal(await user(source, "u.example", "a"), "file", "what the store does not have may be in the file");
  assert.equal(await user(source, "v.example", "team/app"), "team", "a narrower entry comes before the store");
  assert.deepEqual(await source.find("docker.io", "library/a"), { identityToken: "id", source: `docker-credential-all (credsStore in ${file})` });
  assert.deepEqual(all.calls(), ["get s.example", "get u.example", "get https://index.docker.io/v1/"]);
});

test("a helper that is missing is a fault where a login is meant to be, and a remark elsewhere", async (t) => {
  const { source } = home(t, { credHelpers: { "r.example": "gone-1" }, credsStore: "gone-2", auths: { "s.example": {} } });
  for (const [host, helper] of [["r.example", /docker-credential-gone-1, which credHelpers in .*not installed/], ["s.example", /docker-credential-gone-2, which credsStore/]] as const) {
    await assert.rejects(source.find(host) as Promise<unknown>, (error) => isFault(error, "CREDENTIAL_HELPER") && helper.test(error.message) && /install docker-credential-/.test(error.hint!));
  }
  assert.equal(source.trouble!("t.example"), undefined);
  assert.equal(await source.find("t.example"), undefined);
  assert.match(source.trouble!("t.example")!, /docker-credential-gone-2.*not installed/);
});

test("helpers of registries.conf are asked where its list has them, among the files of containers", async (t) => {
  const { folder, environment, write } = home(t, { auths: { "r.example": auth("docker") } });
  const file = write("run/containers/auth.json", { auths: { "r.example": auth("podman"), "s.example": auth("podman"), "t.example": auth("podman") } });
  const early = writeHelper(folder, "early", { "r.example": ["early", "x"], "s.example": ["early", "x"] });
  writeHelper(folder, "late", { "t.example": ["late", "x"], "u.example": ["late", "x"] });
  let read = 0;
  const helpers = async (): Promise<HelperList> => ((read += 1), { names: ["early", "containers-auth.json", "late"], file: "/etc/containers/registries.conf" });
  const source = dockerCredentials(environment, { helpers });
  assert.equal(read, 0, "nothing is read before a login is wanted");
  assert.deepEqual([await user(source, "r.example"), await user(source, "s.example", "a/b"), await user(source, "t.example"), await user(source, "u.example")], ["docker", "early", "podman", "late"]);
  assert.equal((await source.find("s.example"))!.source, "docker-credential-early (credential-helpers in /etc/containers/registries.conf)");
  assert.deepEqual(early.calls(), ["get s.example", "get t.example", "get u.example"]);
  const none = dockerCredentials(environment, { helpers: async () => ({ names: ["early"], file }) });
  assert.equal(await user(none, "t.example"), undefined, "without its name the files are not read");
  await assert.rejects(dockerCredentials(environment, { helpers: async () => ({ names: ["../evil"], file }) }).find("t.example") as Promise<unknown>, (error) => isFault(error, "DOCKER_CONFIG_INVALID"));
});

test("an identity token that is given in exchange is kept where the old one was, unless somebody changed it", async (t) => {
  const { folder, source, file, write } = home(t, { credHelpers: { "h.example": "test" }, keep: 1, auths: { "r.example": { ...auth("me"), identitytoken: "one" }, "s.example": { identitytoken: "other" } } });
  const kept = (): unknown => (JSON.parse(readFileSync(file, "utf8")) as { auths: Record<string, { identitytoken: string }> }).auths["r.example"]?.identitytoken;
  const found = (await source.find("r.example", "a"))!;
  await source.renew!(found, "two");
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { credHelpers: { "h.example": "test" }, keep: 1, auths: { "r.example": { ...auth("me"), identitytoken: "two" }, "s.example": { identitytoken: "other" } } });
  await source.renew!(found, "three");
  assert.equal(kept(), "three");
  write("docker/config.json", { auths: { "r.example": { identitytoken: "new login" } } });
  await source.renew!(found, "four");
  assert.equal(kept(), "new login");
  write("docker/config.json", { credHelpers: { "h.example": "test" } });
  const helper = writeHelper(folder, "test", { "h.example": ["<token>", "one"] });
  await source.renew!((await source.find("h.example"))!, "two");
  assert.deepEqual(helper.kept(), { "h.example": ["<token>", "two"] });
});

test("a file that is no config is refused with its name", async (t) => {
  for (const config of ["{", "[]", '{"auths":5}', '{"auths":{"r.example":{"auth":"bm9jb2xvbg=="}}}', '{"auths":{"r.example":"x"}}', '{"credsStore":"../evil"}', '{"credHelpers":{"r.example":["x"]}}']) {
    await assert.rejects(home(t, config).source.find("r.example") as Promise<unknown>, (error) => isFault(error, "DOCKER_CONFIG_INVALID") && error.message.includes("config.json"), config);
  }
});
