import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { findProgram } from "../support/find-program.ts";
import { startRegistryProcess } from "../support/registry-process.ts";
import { noS3, S3_LOGIN, startS3Server } from "../support/s3-server.ts";
import { digestOf, scratchRegistry } from "../support/scratch-registry.ts";

const run = promisify(execFile);
const [skopeo, crane, conformance] = ["skopeo", "crane", "conformance"].map(findProgram);
const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;

test("two servers share a bucket: clients push here and pull there, an upload outlives the server that took it, and upkeep works beside both", { skip: noS3 }, async (context) => {
  const s3 = await startS3Server(context);
  const folder = mkdtempSync(join(tmpdir(), "sampan-registry-s3-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "registry.yaml");
  writeFileSync(join(folder, "keys"), `[default]\naws_access_key_id = ${S3_LOGIN.AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${S3_LOGIN.AWS_SECRET_ACCESS_KEY}\n`);
  writeFileSync(config, `storage: {s3: {bucket: caches, endpoint: "http://${s3.host}", region: eu-central-1, prefix: team/, credentialsFile: keys, partSize: 5MiB}}\ngc: {grace: 0}\n`);
  const root = join(folder, "root");
  const [one, two] = [await startRegistryProcess(context, root, "--config", config), await startRegistryProcess(context, root, "--config", config)];

  const content = randomBytes(12_000_000);
  const digest = digestOf(content);
  const tool = async (...words: readonly string[]): Promise<string> => (await run(process.execPath, [launcher, "registry", ...words, "--root", root, "--config", config])).stdout;
  if (crane !== undefined && skopeo !== undefined) {
    mkdirSync(join(folder, "files"));
    writeFileSync(join(folder, "files/data"), content);
    const layer = join(folder, "layer.tar");
    assert.equal(spawnSync("tar", ["-cf", layer, "-C", join(folder, "files"), "."]).status, 0);
    await run(crane, ["append", "-f", layer, "-t", `${one.address}/team/app:v1`]);
    await run(crane, ["validate", "--remote", `${two.address}/team/app:v1`]);
    await run(skopeo, ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", `docker://${two.address}/team/app:v1`, `docker://${one.address}/team/copy:v2`]);
    assert.match(await tool("check"), /2 blobs .*all is well/);
    const manifest = (await run(crane, ["digest", `${two.address}/team/app:v1`])).stdout.trim();
    for (const name of ["app", "copy"]) await run(crane, ["delete", `${two.address}/team/${name}@${manifest}`]);
  } else context.diagnostic("crane and skopeo are not both installed: only the protocol was tried");

  const opened = await fetch(`http://${one.address}/v2/app/blobs/uploads/`, { method: "POST" });
  const location = opened.headers.get("location")!;
  const patch = async (address: string, start: number, end: number): Promise<number> =>
    (await fetch(`http://${address}${location}`, { method: "PATCH", body: content.subarray(start, end), headers: { "Content-Range": `${start}-${end - 1}` } })).status;
  assert.deepEqual([await patch(one.address, 0, 400_000), await patch(two.address, 400_000, 7_000_000), await patch(one.address, 7_000_000, 9_000_000)], [202, 202, 202]);
  assert.equal((await fetch(`http://${two.address}${location}`)).headers.get("range"), "0-8999999");
  await one.end("SIGKILL");
  assert.equal(await patch(two.address, 9_000_000, content.length), 202);
  const stored = await fetch(`http://${two.address}${location}?digest=${digest}`, { method: "PUT" });
  assert.equal(stored.status, 201, await stored.text());
  const part = await fetch(`http://${two.address}/v2/app/blobs/${digest}`, { headers: { Range: "bytes=5000000-5000099" } });
  assert.deepEqual([part.status, Buffer.from(await part.arrayBuffer())], [206, content.subarray(5_000_000, 5_000_100)]);
  assert.equal((await fetch(`http://${two.address}/v2/app/blobs/${digest}`, { method: "DELETE" })).status, 202);
  assert.equal((await fetch(`http://${two.address}/v2/app/blobs/${digest}`, { method: "HEAD" })).status, 404);
  await tool("gc");
  assert.deepEqual(readdirSync(join(s3.folder, "team")), ["registry.json"], "nothing is left in the bucket");

  const foreign = await run(process.execPath, [launcher, "registry", "check", "--root", root]).catch((error: { stderr: string }) => error);
  assert.match(foreign.stderr, /its blobs are in s3:\/\/caches\/team\//);
});

test("a bucket passes the official conformance suite; clients may be sent there, those who may pull alone", { skip: noS3 }, async (context) => {
  const s3 = await startS3Server(context);
  const folder = mkdtempSync(join(tmpdir(), "sampan-registry-s3-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const storage = (more: string): string => `storage: {s3: {bucket: caches, endpoint: "http://${s3.host}", region: eu-central-1${more}}}\n`;
  if (conformance !== undefined) {
    const registry = await scratchRegistry(context, { config: write("plain.yaml", storage("")), environment: S3_LOGIN });
    const env = { ...process.env, OCI_REGISTRY: registry.address, OCI_TLS: "disabled", OCI_VERSION: "dev", OCI_RESULTS_DIR: join(folder, "results") };
    const { stdout } = await run(conformance, [], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 });
    const total = (status: string): string | undefined => new RegExp(`^  ${status}\\.*: +(\\d+)$`, "m").exec(stdout)?.[1];
    assert.deepEqual({ failed: total("FAIL"), skipped: total("Skip"), errors: total("Error") }, { failed: "0", skipped: "0", errors: "0" });
    assert.deepEqual(registry.problems, []);
  } else context.diagnostic("conformance is not installed");

  const registry = await scratchRegistry(context, { config: write("redirect.yaml", storage(", prefix: sent/, redirect: true")), environment: S3_LOGIN });
  const digest = await registry.pushBlob("app", "some bytes");
  const sent = await registry.request("GET", `/v2/app/blobs/${digest}`);
  assert.deepEqual([sent.status, sent.headers["docker-content-digest"], sent.headers["cache-control"], sent.body.length], [307, digest, "no-store", 0]);
  const link = sent.headers.location!;
  assert.ok(!link.includes(S3_LOGIN.AWS_SECRET_ACCESS_KEY));
  const bytes = await fetch(link, { headers: { Range: "bytes=5-9" } });
  assert.deepEqual([bytes.status, await bytes.text()], [206, "bytes"]);
  assert.equal((await registry.request("HEAD", `/v2/app/blobs/${digest}`)).status, 200);
  assert.equal((await registry.request("GET", `/v2/other/blobs/${digest}`)).status, 404);
  // The same one with users: a bucket is one registry's.
  await registry.server.close();
  const closed = await scratchRegistry(context, { root: registry.root, config: write("closed.yaml", `${storage(", prefix: sent/, redirect: true")}access: {}\n`), environment: S3_LOGIN });
  const refused = await closed.request("GET", `/v2/app/blobs/${digest}`);
  assert.deepEqual([refused.status, refused.headers.location], [401, undefined]);
  await closed.server.close(); // before the root goes, which is the first one's
});
