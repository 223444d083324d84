import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { noContainers, sampanWithBase } from "../support/sampan-base.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { scratchSampan } from "../support/run-sampan.ts";

const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;

test("registry serve says where it listens, answers, and ends on SIGINT with status 0", async (context) => {
  const { folder } = scratchSampan(context);
  const child = spawn(process.execPath, [launcher, "registry", "serve", "--listen", "127.0.0.1:0", "--root", join(folder, "registry")], { stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => child.kill("SIGKILL"));
  const [line] = (await child.stdout.take(1).toArray()) as Buffer[];
  const address = /^listening on (127\.0\.0\.1:\d+)\n$/.exec(line!.toString())![1]!;
  assert.equal((await fetch(`http://${address}/v2/`)).status, 200);
  // The launcher has become a process whose V8 and C library keep a server small.
  if (process.platform === "linux") {
    assert.deepEqual(readFileSync(`/proc/${child.pid}/cmdline`, "latin1").split("\0").slice(1, 4), ["--max-semi-space-size=2", "--", launcher]);
    assert.match(readFileSync(`/proc/${child.pid}/environ`, "latin1"), /\0?MALLOC_ARENA_MAX=1\0/);
  }
  const ended = new Promise((resolve) => child.on("exit", (status, signal) => resolve([status, signal])));
  child.kill("SIGINT");
  assert.deepEqual(await ended, [0, null]);
});

test("push and pull speak docker's words, and what was pushed comes back as it was", { skip: noBusybox }, async (context) => {
  const registry = await scratchRegistry(context);
  const name = `${registry.address}/team/base:1`;
  const { sampan, id } = await sampanWithBase(context, { names: [name] });
  const pushed = await sampan(["push", name]);
  assert.match(pushed.stdout, new RegExp(`^The push refers to repository \\[${registry.address}/team/base\\]\n(?:[a-f0-9]{12}: Pushed\n)+1: digest: (sha256:[a-f0-9]{64}) size: \\d+\n$`), pushed.stderr);
  const digest = /digest: (\S+)/.exec(pushed.stdout)![1]!;
  assert.match((await sampan(["push", name])).stdout, /^[a-f0-9]{12}: Layer already exists$/m);
  assert.equal((await sampan(["push", "-q", name])).stdout, `${name}\n`);

  assert.equal((await sampan(["rmi", name])).stdout.split("\n").at(-2), `Deleted: ${id}`);
  const pulled = await sampan(["pull", name]);
  assert.match(pulled.stdout, new RegExp(`^1: Pulling from team/base\n(?:[a-f0-9]{12}: Pull complete\n)+Digest: ${digest}\nStatus: Downloaded newer image for ${name}\n${name}\n$`), pulled.stderr);
  assert.match((await sampan(["pull", name])).stdout, new RegExp(`Status: Image is up to date for ${name}`));
  assert.equal((await sampan(["pull", "-q", `${registry.address}/team/base@${digest}`])).stdout, `${registry.address}/team/base@${digest}\n`);
  assert.equal((await sampan(["inspect", "-f", "{{.Id}} {{.RepoDigests}}", name])).stdout, `${id} [${registry.address}/team/base@${digest}]\n`);
  assert.match((await sampan(["images", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}"])).stdout, new RegExp(`^${registry.address}/team/base 1 ${digest}\n$`));
});

test("push --all-tags sends every name of the repository, and a name that is not here is refused", { skip: noBusybox }, async (context) => {
  const registry = await scratchRegistry(context);
  const { sampan } = await sampanWithBase(context, { names: [`${registry.address}/team/base:1`, `${registry.address}/team/base:2`, `${registry.address}/other:3`] });
  assert.equal((await sampan(["push", "-q", "-a", `${registry.address}/team/base`])).status, 0);
  assert.deepEqual((await registry.request("GET", "/v2/team/base/tags/list")).json(), { name: "team/base", tags: ["1", "2"] });
  const missing = await sampan(["push", `${registry.address}/team/base:9`]);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /No such image: .*team\/base:9/);
});

test("run pulls an image that is not here", { skip: noBusybox || noContainers }, async (context) => {
  const registry = await scratchRegistry(context);
  const name = `${registry.address}/team/base:1`;
  const first = await sampanWithBase(context, { names: [name] });
  await first.sampan(["push", name]);
  const { sampan } = scratchSampan(context);
  const ended = await sampan(["run", name, "echo", "here"]);
  assert.match(ended.stderr, new RegExp(`^Unable to find image '${name}' locally\n1: Pulling from team/base\n`));
  assert.deepEqual([ended.status, ended.stdout], [0, "here\n"], ended.stderr);
});

/** A registry that lets one user in by Basic, and everybody else out. */
async function lockedRegistry(context: TestContext): Promise<string> {
  const wanted = `Basic ${Buffer.from("me:s3cret").toString("base64")}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization === wanted) response.writeHead(200).end("{}");
    else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="locked"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

test("login keeps what the registry accepts, logout forgets it, and other things in config.json stay", async (context) => {
  const { sampan, folder } = scratchSampan(context);
  const host = await lockedRegistry(context);
  const file = join(folder, "docker", "config.json");
  const refused = await sampan(["login", "-u", "me", "--password-stdin", host], { input: "wrong" });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^ERROR: /m);
  assert.doesNotMatch(refused.stderr, /wrong/);
  assert.throws(() => statSync(file), "nothing was written");

  const accepted = await sampan(["login", "-u", "me", "--password-stdin", host], { input: "s3cret\n" });
  assert.deepEqual([accepted.status, accepted.stdout], [0, "Login Succeeded\n"], accepted.stderr);
  const config = JSON.parse(readFileSync(file, "utf8")) as { auths: Record<string, { auth: string }> };
  assert.equal(Buffer.from(config.auths[host]!.auth, "base64").toString(), "me:s3cret");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  writeFileSync(file, JSON.stringify({ ...config, psFormat: "kept" }));

  assert.equal((await sampan(["logout", host])).stdout, `Removing login credentials for ${host}\n`);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { auths: {}, psFormat: "kept" });
  assert.equal((await sampan(["logout", host])).stdout, `Not logged in to ${host}\n`);
});

test("login without a terminal asks for nothing and says what to give", async (context) => {
  const { sampan } = scratchSampan(context);
  const { status, stderr } = await sampan(["login", "registry.invalid"]);
  assert.equal(status, 1);
  assert.match(stderr, /needs a terminal[^]*--password-stdin/);
});
