import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { atPlace, bakePlace } from "./bake-place.ts";
import { consentOf, requireConsent } from "./require-consent.ts";

const URL = "https://git.example.com/team/app.git";

test("the first words may be where the definition and its context are", () => {
  assert.deepEqual(bakePlace(["app", URL]), { place: undefined, names: ["app", URL] });
  assert.deepEqual(bakePlace([URL, "app"]), { place: { url: URL, commandContext: "cwd://" }, names: ["app"] });
  assert.deepEqual(bakePlace(["git@example.com:app.git", "https://example.com/x.tar", "app"]), { place: { url: "git@example.com:app.git", commandContext: "https://example.com/x.tar" }, names: ["app"] });
});

test("relative contexts of a repository are folders of it", () => {
  const context = (url: string, path: string): string | undefined => atPlace({ name: "a", context: path }, { url, commandContext: "cwd://" }, "git").context;
  assert.equal(context(URL, "."), URL);
  assert.equal(context(URL, "./web/"), `${URL}#:web`);
  assert.equal(context(`${URL}#v1:base`, "web"), `${URL}#v1:base/web`);
  assert.equal(context(`${URL}#v1:base`, "../other"), `${URL}#v1:other`);
  assert.equal(context(`${URL}?ref=v1&subdir=base`, "web"), `${URL}?ref=v1&subdir=base%2Fweb`);
  for (const named of ["docker-image://alpine", "target:base", "https://example.com/x.tar"]) assert.equal(context(URL, named), named);
  const contexts = { near: "lib", far: "docker-image://alpine", here: "cwd://lib" };
  assert.deepEqual(atPlace({ name: "a", contexts }, { url: URL, commandContext: "cwd://" }, "git").contexts, { near: `${URL}#:lib`, far: "docker-image://alpine", here: "cwd://lib" });
});

test("what an archive cannot be asked for, and a Dockerfile from elsewhere with files of this machine, are refused", () => {
  const place = { url: "https://example.com/x.tar", commandContext: "cwd://" };
  assert.equal(atPlace({ name: "a" }, place, "archive").context, place.url);
  assert.equal(atPlace({ name: "a", context: "web" }, place, "file").context, "web");
  for (const target of [{ context: "web" }, { contexts: { lib: "." } }, { context: "cwd://" }]) assert.throws(() => atPlace({ name: "a", ...target }, place, "archive"), (error) => isFault(error, "BAKE_KEY_LATER"));
  assert.equal(atPlace({ name: "a", context: "cwd://", dockerfile: "cwd://D" }, place, "archive").context, "cwd://");
});

test("a definition from elsewhere gets nothing of this machine but the folder, unless --allow gives it", () => {
  const ask = (target: object, allowed: readonly string[] = [], elsewhere = true): void => requireConsent([{ name: "a", context: URL, ...target }], { allowed, cwd: import.meta.dirname, elsewhere });
  for (const [target, right] of [
    [{ secret: [{ id: "k", src: "/etc/hostname" }] }, "fs.read=/etc"], [{ contexts: { x: "/etc" } }, "fs.read=/etc"], [{ context: "cwd:///etc" }, "fs=/etc"], [{ ssh: [{ id: "default" }] }, "ssh"],
    [{ "extra-hosts": { h: "host-gateway" } }, "network.host"], [{ "extra-hosts": { h: "[host-gateway]" } }, "network.host"],
    [{ ssh: [{ id: "k", paths: "../key" }] }, "fs.read=*"], [{ output: [{ type: "local", dest: "../../out/deep" }] }, "fs.write=../.."], [{ "cache-to": [{ type: "local", dest: "/tmp/cache" }] }, "fs=*"],
    [{ dockerfile: "cwd:///etc/hosts" }, "fs.read=/etc/hosts"], [{ "cache-from": [{ type: "local", src: "/etc" }] }, "fs.read=/etc"],
  ] as const) {
    assert.throws(() => ask(target), (error) => isFault(error, "BAKE_NOT_ALLOWED"), right);
    assert.throws(() => ask(target, ["fs.read=/etcetera", "fs.write=/nowhere"]), (error) => isFault(error, "BAKE_NOT_ALLOWED"), right);
    ask(target, [right]);
    ask(target, [], false);
  }
  ask({ secret: [{ id: "k", src: "bake-flags.ts" }, { id: "e", env: "E" }], output: [{ type: "local", dest: "out" }], contexts: { x: "docker-image://alpine", y: "target:b" } });
});

test("variables of buildx give a definition from elsewhere all files, and one of this machine has them", () => {
  const allowed = (env: NodeJS.ProcessEnv): readonly string[] => consentOf({ flags: { allow: ["ssh"] }, io: { cwd: "/", env }, positionals: [URL] } as unknown as Parameters<typeof consentOf>[0]).allowed;
  for (const env of [{ BAKE_ALLOW_REMOTE_FS_ACCESS: "1" }, { BUILDX_BAKE_ENTITLEMENTS_FS: "0" }]) assert.deepEqual(allowed(env), ["ssh", "fs=*"]);
  for (const env of [{}, { BAKE_ALLOW_REMOTE_FS_ACCESS: "0", BUILDX_BAKE_ENTITLEMENTS_FS: "1" }, { BUILDX_BAKE_ENTITLEMENTS_FS: "" }]) assert.deepEqual(allowed(env), ["ssh"]);
});
