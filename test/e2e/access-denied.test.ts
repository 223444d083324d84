import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { assertFault } from "../support/check-fault.ts";
import { missing, startDockerRegistry } from "../support/docker-registry.ts";
import { startConnectProxy } from "../support/proxies.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { sampanWithBase } from "../support/sampan-base.ts";
import { testCertificate } from "../support/test-certificate.ts";
import { tlsFront } from "../support/tls-front.ts";
import { startTokenRegistry, testToken } from "../support/token-registry.ts";

const login = { username: "sailor", password: "SECRET" };

/** What `containers/auth.json` or config.json holds for one user. */
const auths = (place: string, user: string, password: string): string =>
  JSON.stringify({ auths: { [place]: { auth: Buffer.from(`${user}:${password}`).toString("base64") } } });

test("Debian's registry: no login, a wrong one, a missing tag and a missing repository are told apart", { skip: noBusybox || missing("docker-registry") || missing("htpasswd") }, async (context) => {
  await using registry = await startDockerRegistry({ login });
  const { host } = registry;
  const { sampan } = await sampanWithBase(context, { names: [`${host}/team/app:1.0`] });
  const creds = `--creds=${login.username}:${login.password}`;
  assert.equal((await sampan(["push", "-q", creds, `${host}/team/app:1.0`])).status, 0);

  assertFault(await sampan(["push", `${host}/team/app:1.0`]), { message: /wants a login for team\/app, and none was sent \(asked for repository:team\/app:pull,push\)/, hint: new RegExp(`log in with \`sampan login ${host}\``) });
  assertFault(await sampan(["pull", "--creds=sailor:wrong", `${host}/team/app:1.0`]), { message: /did not accept the login as sailor \(from --creds\) for team\/app/, hint: /check the user and the password of --creds/ });
  assertFault(await sampan(["pull", creds, `${host}/team/app:1.1`]), { message: /manifest for .*\/team\/app:1\.1 not found/, hint: /did you mean 1\.0\? the repository has 1 tag/ });
  assertFault(await sampan(["pull", creds, `${host}/team/other:1.1`]), { message: /manifest for .*\/team\/other:1\.1 not found/, hint: /the registry has no such repository/ });
});

test("a refusal of a token service names the user, the file with its entry, and the scopes asked and granted", async (context) => {
  await using registry = await startTokenRegistry({ users: { bee: "SECRET", ant: "SECRET" }, rights: (user) => (user === "bee" ? ["pull"] : []), tags: { "hive/app": ["1.0", "2.0"] } });
  const { host } = registry;
  const { sampan, folder } = scratchSampan(context);
  const file = join(folder, "auth.json");

  assertFault(await sampan(["pull", `${host}/hive/app:1.0`]), { message: /wants a login for hive\/app, and none was sent \(asked for repository:hive\/app:pull; granted nothing\)/, hint: /sampan login/ });
  writeFileSync(file, auths(`${host}/hive`, "ant", "SECRET"));
  assertFault(await sampan(["pull", `${host}/hive/app:1.0`]), {
    message: new RegExp(`denies access to hive/app as ant \\(from ${file}, entry ${host}/hive\\) \\(asked for repository:hive/app:pull; granted nothing\\)`),
    hint: new RegExp(`the repository may not exist, or ant may not see it: .*sampan login --authfile ${file} ${host}/hive`),
  });
  writeFileSync(file, auths(host, "bee", "SECRET"));
  const unknown = await sampan(["pull", `${host}/hive/app:1.2`]);
  assertFault(unknown, { message: /manifest for .* not found/, hint: /did you mean 1\.0\? the repository has 2 tags/ });
  assert.equal(unknown.stderr.includes("SECRET"), false);
});

test("a kept token that has ended, a login of DOCKER_AUTH_CONFIG that is refused, and a push to Docker's official images say what to do", { skip: noBusybox }, async (context) => {
  await using registry = await startTokenRegistry({ users: { bee: "SECRET" }, rights: () => ["pull"] });
  const { host } = registry;
  const { sampan, folder } = await sampanWithBase(context, { names: ["docker.io/library/app:1"] });
  const file = join(folder, "auth.json");
  const token = testToken({ sub: "bee", exp: 1_700_000_000, access: [] });
  writeFileSync(file, JSON.stringify({ auths: { [host]: { registrytoken: token } } }));
  const ended = await sampan(["pull", `${host}/hive/app:1.0`]);
  assertFault(ended, {
    message: new RegExp(`did not accept the login as bee \\(from ${file}\\), whose token ended at 2023-11-14T22:13:20\\.000Z \\(asked for repository:hive/app:pull`),
    hint: new RegExp(`the token has ended: log in again with \`sampan login ${host}\`; \`sampan auth doctor ${host}/hive/app\` shows`),
  });
  assert.ok(!ended.stderr.includes(token));

  writeFileSync(file, auths(host, "bee", "SECRET"));
  const refused = await sampan(["pull", `${host}/hive/app:1.0`], { env: { DOCKER_AUTH_CONFIG: auths(host, "bee", "STALE") } });
  assertFault(refused, {
    message: /did not accept the login as bee \(from DOCKER_AUTH_CONFIG\) for hive\/app/,
    hint: /put a login that is valid into DOCKER_AUTH_CONFIG, which is used before all that `sampan login` keeps/,
  });
  assert.ok(!refused.stderr.includes("STALE"));


  // Docker Hub, as far as this goes, behind a proxy that alone can reach it.
  await using behind = await startTokenRegistry({ users: { bee: "SECRET" }, rights: () => ["pull"], origin: "https://registry-1.docker.io" });
  const proxy = await startConnectProxy(context, { "registry-1.docker.io:443": (await tlsFront(context, behind.host, testCertificate)).port });
  const env = { HTTPS_PROXY: `http://${proxy.host}`, NO_PROXY: "" };
  assertFault(await sampan(["push", "--insecure", "--creds=bee:SECRET", "app:1"], { env }), {
    message: /docker\.io denies access to library\/app as bee \(from --creds\) \(asked for repository:library\/app:pull,push; granted pull\)/,
    hint: /library\/ holds Docker's official images only: put a user or organisation before the name, `sampan tag app docker\.io\/bee\/app`, and push docker\.io\/bee\/app/,
  });
  assertFault(await sampan(["push", "--insecure", "app:1"], { env }), {
    message: /docker\.io wants a login for library\/app, and none was sent/,
    hint: /log in with `sampan login docker\.io`, and check that the repository exists \(only official images have no user before the name: docker\.io\/USER\/app\)/,
  });
  assert.ok(proxy.asked.length >= 2);
});
