import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { noDockerd, startDockerd } from "../support/dockerd.ts";
import { foreign, needs } from "../support/foreign.ts";
import { GREETER, GREETING, startJourney } from "../support/journey.ts";

const login = { username: "sailor", password: "rice & tea" };
const noRegistry = noBusybox || needs("docker-registry", "htpasswd");

/** Debian's registry, which wants a login. */
async function guarded(context: TestContext): Promise<string> {
  const registry = await startDockerRegistry({ login });
  context.after(() => registry[Symbol.asyncDispose]());
  return registry.host;
}

test("Debian's registry takes our push after a login, and nothing before it", { skip: noRegistry || needs("skopeo") }, async (context) => {
  const [journey, host] = await Promise.all([startJourney(context), guarded(context)]);
  const { sampan, succeeds, folder } = journey;
  const image = `${host}/team/greeter:1`;
  const config = join(folder, "docker", "config.json");
  await succeeds(["build", "-q", "-t", image, journey.context("greeter", GREETER)]);

  const unknown = await sampan(["push", image]);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /hint: .*sampan login /);
  const wrong = await sampan(["login", "-u", login.username, "--password-stdin", host], { input: "guess\n" });
  assert.equal(wrong.status, 1);
  assert.doesNotMatch(wrong.stderr + wrong.stdout, /guess/);

  const stdout = await succeeds(["login", "-u", login.username, "--password-stdin", host], { input: `${login.password}\n` });
  assert.match(stdout, /Login Succeeded/);
  assert.equal(statSync(config).mode & 0o777, 0o600);
  const pushed = await succeeds(["push", image]);
  const digest = /digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(pushed)?.[1];
  assert.ok(digest, pushed);
  const skopeo = (...args: string[]): Promise<string> => foreign("skopeo", [...args, `docker://${image}`]);
  const inspected = await skopeo("inspect", "--tls-verify=false", "--authfile", config, "--format", "{{.Digest}}");
  assert.equal(inspected.trim(), digest, "skopeo reads the login that we wrote");
  await assert.rejects(skopeo("inspect", "--tls-verify=false"), /unauthorized|authentication required/);

  await succeeds(["rmi", image]);
  assert.equal(await succeeds(["run", "--rm", "--quiet", image, "again"]), GREETING("again"), "run pulls what is not here");
  await succeeds(["logout", host]);
  assert.doesNotMatch(readFileSync(config, "utf8"), new RegExp(host));
  assert.equal((await sampan(["pull", image])).status, 1);
});

test("a second push of the same image sends no layer, and another repository gets them by mount", { skip: noRegistry }, async (context) => {
  const [journey, host] = await Promise.all([startJourney(context), guarded(context)]);
  const { succeeds } = journey;
  await succeeds(["login", "-u", login.username, "--password-stdin", host], { input: login.password });
  const [first, other] = [`${host}/team/greeter:1`, `${host}/elsewhere/copy:2`];
  await succeeds(["build", "-q", "-t", first, journey.context("greeter", GREETER)]);
  await succeeds(["tag", first, other]);
  const blobs = 4; // layers: the config is no line of its own
  const pushed = await succeeds(["push", first]);
  assert.equal(pushed.match(/: Pushed$/gm)?.length, blobs, pushed);
  const again = await succeeds(["push", first]);
  assert.equal(again.match(/: Layer already exists$/gm)?.length, blobs, again);
  const mounted = await succeeds(["push", other]);
  assert.equal(mounted.match(/: Mounted from /gm)?.length, blobs, mounted);
});

test("docker logs in to the same registry with what we wrote, pulls and runs it", { skip: noRegistry || noDockerd }, async (context) => {
  const [journey, host] = await Promise.all([startJourney(context), guarded(context)]);
  const { succeeds, folder } = journey;
  const image = `${host}/team/greeter:1`;
  await succeeds(["login", "-u", login.username, "--password-stdin", host], { input: login.password });
  await succeeds(["build", "-q", "-t", image, "--push", journey.context("greeter", GREETER)]);
  const docker = await startDockerd(context);
  assert.notEqual(docker("pull", image).status, 0, "not without the login");
  const ran = docker("--config", join(folder, "docker"), "run", "--rm", "--network", "host", image, "docker");
  assert.equal(ran.stdout, GREETING("docker"), ran.stderr);
});
