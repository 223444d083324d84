import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { startDockerRegistry, missing } from "../support/docker-registry.ts";
import { scratchSampan } from "../support/run-sampan.ts";
import { noContainers, sampanWithBase } from "../support/sampan-base.ts";

const login = { username: "sailor", password: "rice:tea" };
const skip = noBusybox || missing("docker-registry") || missing("htpasswd");

async function guarded(context: TestContext): Promise<string> {
  const registry = await startDockerRegistry({ login });
  context.after(() => registry[Symbol.asyncDispose]());
  return registry.host;
}

test("--creds signs push, pull and build in without anything being kept", { skip }, async (context) => {
  const host = await guarded(context);
  const name = `${host}/team/base:1`;
  const { sampan } = await sampanWithBase(context, { names: [name] });
  const creds = ["--creds", `${login.username}:${login.password}`];
  assert.equal((await sampan(["push", name])).status, 1);
  const pushed = await sampan(["push", "-q", ...creds, name]);
  assert.deepEqual([pushed.status, pushed.stdout], [0, `${name}\n`], pushed.stderr);
  const built = await sampan(["build", "-q", "--push", ...creds, "-t", `${host}/team/app:1`, "-"], { input: `FROM ${name}\nLABEL a=b\n` });
  assert.equal(built.status, 0, built.stderr);

  const other = scratchSampan(context);
  const wrong = await other.sampan(["pull", "--creds", "sailor:SECRET", name]);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /as sailor \(from --creds\)/);
  assert.doesNotMatch(wrong.stderr + wrong.stdout, /SECRET/);
  assert.equal((await other.sampan(["pull", "-q", ...creds, `${host}/team/app:1`])).status, 0);
  assert.equal((await other.sampan(["pull", name])).status, 1, "the login is not kept");
});

test("--creds signs in what run pulls", { skip: skip || noContainers }, async (context) => {
  const host = await guarded(context);
  const name = `${host}/team/base:1`;
  const { sampan } = await sampanWithBase(context, { names: [name] });
  const creds = `--creds=${login.username}:${login.password}`;
  assert.equal((await sampan(["push", "-q", creds, name])).status, 0);
  const ran = await scratchSampan(context).sampan(["run", "-q", creds, name, "echo", "here"]);
  assert.deepEqual([ran.status, ran.stdout], [0, "here\n"], ran.stderr);
});

test("--creds that could go to two registries is refused", async (context) => {
  const { sampan } = scratchSampan(context);
  const { status, stderr } = await sampan(["build", "--push", "--creds", "me:SECRET", "-t", "a.example/x", "-t", "b.example/x", "-"], { input: "FROM scratch\n" });
  assert.equal(status, 2);
  assert.match(stderr, /--creds is the login for one registry, and the names lead to a\.example and b\.example/);
  assert.doesNotMatch(stderr, /SECRET/);
});
