import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, chmodSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import fc from "fast-check";
import { isFault } from "../../std/fault.ts";
import { writeHelper, writeOddHelper } from "../../../test/support/credential-helper.ts";
import { fillUp, noMounts, smallDisk } from "../../../test/support/small-disk.ts";
import { dockerCredentials } from "./find-login.ts";
import { removeLogin, saveLogin } from "./keep-login.ts";

function home(t: TestContext): { folder: string; file: string; environment: Record<string, string> } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-login-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder, file: join(folder, "config.json"), environment: { DOCKER_CONFIG: folder, HOME: folder, XDG_RUNTIME_DIR: folder, PATH: `${folder}/bin:${process.env["PATH"]}` } };
}

const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

test("a login is kept for its owner only and found again", async (t) => {
  const { folder, file } = home(t);
  const environment = { DOCKER_CONFIG: join(folder, "new", "deeper"), HOME: folder, XDG_RUNTIME_DIR: folder };
  assert.deepEqual(await saveLogin("r.example", { username: "me", password: "p:w" }, { environment }), { file: join(folder, "new/deeper/config.json") });
  assert.equal(statSync(join(folder, "new/deeper/config.json")).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, "new/deeper")).mode & 0o777, 0o700);
  assert.deepEqual(await dockerCredentials(environment).find("r.example"), { username: "me", password: "p:w", source: join(folder, "new/deeper/config.json") });
  assert.throws(() => statSync(file));
});

test("what else is in the file stays, and so do its mode and a symbolic link to it", async (t) => {
  const { folder, file, environment } = home(t);
  mkdirSync(join(folder, "real"));
  writeFileSync(join(folder, "real/docker.json"), JSON.stringify({ HttpHeaders: { "X-A": "b" }, auths: { "s.example": { auth: "YTpi" } }, unknown: [1] }));
  chmodSync(join(folder, "real/docker.json"), 0o640);
  symlinkSync("real/docker.json", file);
  await saveLogin("r.example", { username: "me", password: "pw" }, { environment });
  assert.ok(lstatSync(file).isSymbolicLink());
  assert.equal(statSync(file).mode & 0o777, 0o640);
  const config = read(file);
  assert.deepEqual(Object.keys(config), ["HttpHeaders", "auths", "unknown"]);
  assert.deepEqual(Object.keys(config["auths"] as object), ["s.example", "r.example"]);
  assert.deepEqual(readdirSync(join(folder, "real")), ["docker.json"]);
});

test("docker.io is kept under the key that docker reads", async (t) => {
  const { file, environment } = home(t);
  await saveLogin("docker.io", { username: "me", password: "pw" }, { environment });
  assert.deepEqual(Object.keys(read(file)["auths"] as object), ["https://index.docker.io/v1/"]);
});

test("an identity token is kept in the password's place", async (t) => {
  const { file, environment } = home(t);
  await saveLogin("r.example", { username: "me", password: "SECRET", identityToken: "id" }, { environment });
  assert.deepEqual(read(file)["auths"], { "r.example": { auth: Buffer.from("me:").toString("base64"), identitytoken: "id" } });
});

test("a logout removes every key of the host and nothing else, and says when there was none", async (t) => {
  const { file, environment } = home(t);
  writeFileSync(file, JSON.stringify({ auths: { "r.example": { auth: "YTpi" }, "https://r.example/v1/": { auth: "YTpi" }, "s.example": { auth: "YTpi" } }, keep: true }));
  assert.deepEqual(await removeLogin("r.example", { environment }), { file });
  assert.deepEqual(read(file), { auths: { "s.example": { auth: "YTpi" } }, keep: true });
  assert.equal(await removeLogin("r.example", { environment }), undefined);
});

test("the helper that the file names keeps the secret, and the file only says that there is a login", async (t) => {
  const { folder, file, environment } = home(t);
  writeFileSync(file, JSON.stringify({ credsStore: "all", credHelpers: { "s.example": "one", "t.example": "" }, keep: [1] }));
  const [all, one] = [writeHelper(folder, "all"), writeHelper(folder, "one")];
  assert.deepEqual(await saveLogin("r.example", { username: "me", password: "SECRET" }, { environment }), { file, helper: { name: "all", file, key: "credsStore" } });
  await saveLogin("s.example", { username: "me", password: "SECRET", identityToken: "id" }, { environment });
  await saveLogin("docker.io", { username: "hub", password: "SECRET" }, { environment });
  await saveLogin("t.example", { username: "plain", password: "pw" }, { environment });
  assert.deepEqual(all.kept(), { "r.example": ["me", "SECRET"], "https://index.docker.io/v1/": ["hub", "SECRET"] });
  assert.deepEqual(one.kept(), { "s.example": ["<token>", "id"] });
  const { auths, ...rest } = read(file);
  assert.deepEqual(auths, { "r.example": {}, "s.example": {}, "https://index.docker.io/v1/": {}, "t.example": { auth: Buffer.from("plain:pw").toString("base64") } });
  assert.deepEqual(rest, { credsStore: "all", credHelpers: { "s.example": "one", "t.example": "" }, keep: [1] });
  assert.deepEqual((await dockerCredentials(environment).find("s.example", "a"))?.identityToken, "id");

  assert.ok(await removeLogin("r.example", { environment }));
  assert.deepEqual(Object.keys(all.kept()), ["https://index.docker.io/v1/"]);
  assert.equal(await removeLogin("r.example", { environment }), undefined);
  writeFileSync(file, JSON.stringify({ credsStore: "all" }));
  assert.ok(await removeLogin("docker.io", { environment }), "a login that only the helper knows is forgotten too");
  assert.deepEqual(all.kept(), {});
  assert.deepEqual(read(file), { credsStore: "all" });
});

test("where the helper fails the file stays as it was", async (t) => {
  const { folder, file, environment } = home(t);
  writeFileSync(file, '{"credsStore":"bad"}');
  writeOddHelper(folder, "bad", "echo the keyring is locked; exit 1");
  await assert.rejects(saveLogin("r.example", { username: "a", password: "SECRET" }, { environment }), (error) => isFault(error, "CREDENTIAL_HELPER") && /keyring is locked/.test(error.message) && !/SECRET/.test(error.message));
  assert.equal(readFileSync(file, "utf8"), '{"credsStore":"bad"}');
});

test("every user and password comes back as it was given, from a file and from a helper", async (t) => {
  const { folder, file, environment } = home(t);
  const authFile = join(folder, "auth.json");
  const text = fc.string({ unit: "grapheme", minLength: 1 });
  const username = text.filter((user) => !user.includes(":") && user !== "<token>");
  const password = text.filter((word) => !word.endsWith("\0"));
  await fc.assert(fc.asyncProperty(username, password, async (user, secret) => {
    await saveLogin("r.example/team", { username: user, password: secret }, { environment, authFile });
    assert.deepEqual(await dockerCredentials(environment, { authFile }).find("r.example", "team/app"), { username: user, password: secret, source: authFile, entry: "r.example/team" });
  }), { numRuns: 50 });
  writeFileSync(file, JSON.stringify({ credsStore: "all" }));
  writeHelper(folder, "all");
  for (const [user, secret] of [["ü", "\"quoted\" 日本\n"], ["a b", "x:y"]] as const) {
    await saveLogin("r.example", { username: user, password: secret }, { environment });
    const found = await dockerCredentials(environment).find("r.example");
    assert.deepEqual([found?.username, found?.password], [user, secret]);
  }
});

test("an auth file is written under containers' keys, narrow ones too", async (t) => {
  const { folder, environment } = home(t);
  const authFile = join(folder, "auth.json");
  await saveLogin("docker.io", { username: "hub", password: "pw" }, { environment, authFile });
  await saveLogin("r.example/team", { username: "team", password: "pw" }, { environment, authFile });
  assert.deepEqual(Object.keys(read(authFile)["auths"] as object), ["docker.io", "r.example/team"]);
  const source = dockerCredentials(environment, { authFile });
  assert.equal((await source.find("r.example", "team/app"))?.username, "team");
  assert.equal((await source.find("docker.io", "library/a"))?.username, "hub");
  assert.equal(await removeLogin("r.example", { environment, authFile }), undefined);
  assert.deepEqual(await removeLogin("r.example/team", { environment, authFile }), { file: authFile });
});

test("a link to a file that is not there yet stays a link, and the umask takes nothing away", async (t) => {
  const { folder, file, environment } = home(t);
  symlinkSync("later.json", file);
  await saveLogin("r.example", { username: "a", password: "b" }, { environment });
  assert.ok(lstatSync(file).isSymbolicLink());
  assert.equal(statSync(join(folder, "later.json")).mode & 0o777, 0o600);
  chmodSync(join(folder, "later.json"), 0o664);
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  await saveLogin("s.example", { username: "a", password: "b" }, { environment });
  assert.equal(statSync(file).mode & 0o777, 0o664);
});

test("a folder that cannot be made is LOGIN_NOT_SAVED", async (t) => {
  const { folder } = home(t);
  writeFileSync(join(folder, "plain"), "");
  await assert.rejects(saveLogin("r.example", { username: "a", password: "b" }, { environment: { DOCKER_CONFIG: join(folder, "plain/below") } }), (error) => isFault(error, "LOGIN_NOT_SAVED"));
});

test("on a full disk logins stay as they were, and what to do is said", { skip: noMounts }, async (t) => {
  const DOCKER_CONFIG = smallDisk(t, "64k");
  const environment = { DOCKER_CONFIG };
  await saveLogin("r.example", { username: "a", password: "b" }, { environment });
  const before = readFileSync(join(DOCKER_CONFIG, "config.json"), "utf8");
  fillUp(DOCKER_CONFIG);
  const isFull = (error: unknown): boolean => isFault(error, "LOGIN_NOT_SAVED") && /^free some space/.test(error.hint ?? "");
  await assert.rejects(saveLogin("s.example", { username: "a", password: "b" }, { environment }), isFull);
  assert.equal(readFileSync(join(DOCKER_CONFIG, "config.json"), "utf8"), before);
  assert.deepEqual(readdirSync(DOCKER_CONFIG).sort(), ["config.json", "filler"]);
});

test("none of the logins is lost that eight processes keep at once, through a link or not", async (t) => {
  const { folder, file, environment } = home(t);
  mkdirSync(join(folder, "real"));
  writeFileSync(join(folder, "real/docker.json"), JSON.stringify({ unknown: [1] }), { mode: 0o640 });
  chmodSync(join(folder, "real/docker.json"), 0o640);
  symlinkSync("real/docker.json", file);
  const program = `
    const { removeLogin, saveLogin } = await import(${JSON.stringify(new URL("keep-login.ts", import.meta.url).href)});
    const [environment, authFile, name] = JSON.parse(process.argv[1]);
    for (let round = 0; round < 3; round += 1) {
      await saveLogin(name + round + ".example", { username: name, password: "pw" }, { environment, ...(authFile ? { authFile } : {}) });
      await saveLogin(name + "gone.example", { username: name, password: "pw" }, { environment });
      await removeLogin(name + "gone.example", { environment });
    }`;
  const names = Array.from({ length: 8 }, (_, index) => `host${index}x`);
  await Promise.all(names.map((name, index) =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, JSON.stringify([environment, index % 2 === 0 ? undefined : join(folder, "real/docker.json"), name])])));
  const { auths, unknown } = read(file) as { auths: object; unknown: unknown };
  assert.deepEqual(Object.keys(auths).sort(), names.flatMap((name) => Array.from({ length: 3 }, (_, round) => `${name}${round}.example`)).sort());
  assert.deepEqual(unknown, [1]);
  assert.ok(lstatSync(file).isSymbolicLink());
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(join(folder, "real")), ["docker.json"]);
});

test("a process that is killed while it keeps logins leaves the file whole, and the next one clears away behind it", async (t) => {
  const { folder, file, environment } = home(t);
  writeFileSync(file, JSON.stringify({ unknown: "x".repeat(20_000), auths: { "first.example": { auth: "YTpi" } } }), { mode: 0o640 });
  chmodSync(file, 0o640);
  const program = `
    const { removeLogin, saveLogin } = await import(${JSON.stringify(new URL("keep-login.ts", import.meta.url).href)});
    const environment = JSON.parse(process.argv[1]);
    for (;;) {
      await saveLogin("r.example", { username: "me", password: "pw" }, { environment });
      process.stdout.write(".");
      await removeLogin("r.example", { environment });
    }`;
  for (let round = 0; round < 10; round += 1) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, JSON.stringify(environment)], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await delay(round);
    child.kill("SIGKILL");
    await once(child, "close");
    const { auths, unknown } = read(file) as { auths: Record<string, unknown>; unknown: string };
    assert.deepEqual([unknown.length, auths["first.example"], statSync(file).mode & 0o777], [20_000, { auth: "YTpi" }, 0o640]);
  }
  const [left, other, young] = ["config.json.0123456789ab", "config.json.backup", "config.json.abcdefabcdef"].map((name) => join(folder, name));
  for (const path of [left!, other!, young!]) writeFileSync(path, "");
  for (const name of readdirSync(folder).filter((name) => join(folder, name) !== young)) utimesSync(join(folder, name), 1, 1);
  await saveLogin("r.example", { username: "me", password: "pw" }, { environment });
  assert.deepEqual(readdirSync(folder).sort(), ["config.json", "config.json.abcdefabcdef", "config.json.backup"]);
});
