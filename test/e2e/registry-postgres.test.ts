import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { PASSWORD, postgresMissing, startPostgres } from "../support/postgres.ts";
import { startRegistryProcess } from "../support/registry-process.ts";
import { runSampan } from "../support/run-sampan.ts";
import { digestOf } from "../support/scratch-registry.ts";
import { testAuthority } from "../support/test-certificate.ts";

const server = postgresMissing === false ? await startPostgres() : undefined;
const skip = postgresMissing;

function scratch(context: TestContext): { folder: string; root: string; config: (postgres: object, more?: object) => string } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-records-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = join(folder, "root");
  mkdirSync(root);
  let count = 0;
  const config = (postgres: object, more: object = {}): string => {
    const path = join(folder, `registry${(count += 1)}.yaml`);
    writeFileSync(path, JSON.stringify({ metadata: { postgres }, ...more }));
    return path;
  };
  return { folder, root, config };
}

test("a database that refuses says why, and no password is told", { skip }, async (context) => {
  const { folder, root, config } = scratch(context);
  const { tcp, name } = await server!.database();
  const serve = async (postgres: object, env: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { status, stdout, stderr } = await runSampan(["registry", "serve", "--listen", "127.0.0.1:0", "--root", root, "--config", config(postgres)], { env });
    assert.notEqual(status, 0, stdout);
    assert.ok(!`${stdout}${stderr}`.includes(PASSWORD) && !`${stdout}${stderr}`.includes(encodeURIComponent(PASSWORD)) && !stderr.includes("wrong one"), stderr);
    return stderr;
  };
  const at = `127.0.0.1:${server!.port}`;
  assert.match(await serve({ url: `postgres://owner:wrong%20one@${at}/${name}` }), /lets nobody in like this: password authentication failed.*\n.*passwordFile/s);
  assert.match(await serve({ url: `postgres://owner@${at}/${name}` }, { PGPASSWORD: "wrong one" }), /password authentication failed/);
  assert.match(await serve({ url: `postgres://owner@${at}/${name}` }, { PGPASSWORD: "" }), /asks for a password, and none was given/);
  assert.match(await serve({ url: tcp.replace(name, "nowhere") }), /database "nowhere" does not exist.*\n.*createdb/s);
  assert.match(await serve({ url: tcp.replace(String(server!.port), "1") }), /does not answer: connect ECONNREFUSED/);
  assert.match(await serve({ url: `${tcp}?sslmode=verify-full` }), /lets nobody in like this: .*certificate.*\n.*sslrootcert/s);
  assert.match(await serve({ url: "mysql://db/registry" }), /metadata\.postgres\.url: it is no URL of a database/);
  assert.match(await serve({ url: `${tcp}?options=-c` }), /the parameter "options" means nothing here/);
  writeFileSync(join(folder, "ca.pem"), testAuthority);
  writeFileSync(join(folder, "password"), `${PASSWORD}\n`);
  chmodSync(join(folder, "password"), 0o600);
  const trusted = config({ url: `postgres://owner@${at}/${name}?sslmode=verify-full&sslrootcert=${encodeURIComponent(join(folder, "ca.pem"))}`, passwordFile: "password" });
  const registry = await startRegistryProcess(context, root, "--config", trusted);
  assert.equal((await fetch(`http://${registry.address}/readyz`)).status, 200);
  assert.match(server!.query("SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'sampan registry'"), /^[1-9]/);
  await registry.end("SIGTERM");
});

test("records in a database: commands work with its configuration, the folder belongs to it, and an outage is 503 until it is over", { skip }, async (context) => {
  const { folder, root, config } = scratch(context);
  const { url } = await server!.database();
  const own = config({ url, connections: 4 });
  const registry = await startRegistryProcess(context, root, "--config", own);
  const base = `http://${registry.address}/v2/team/app`;
  const push = async (content: string): Promise<number> => (await fetch(`${base}/blobs/uploads/?digest=${digestOf(content)}`, { method: "POST", body: content })).status;
  const put = async (tag: string): Promise<number> => (await fetch(`${base}/manifests/${tag}`, {
    method: "PUT", headers: { "Content-Type": "application/vnd.oci.image.manifest.v1+json" },
    body: JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("{}"), size: 2 }, layers: [], artifactType: "a\0b" }),
  })).status;
  assert.deepEqual([await push("{}"), await put("v1")], [201, 201]);
  assert.equal((await fetch(`${base}/tags/list?last=%00`)).status, 200);
  assert.equal((await fetch(`${base}/manifests/v1`)).status, 200);

  const run = async (words: readonly string[]) => runSampan(["registry", ...words, "--root", root, "--config", own]);
  assert.equal((await run(["robot", "create", "ci", "--quiet"])).status, 0);
  assert.match((await run(["robot", "ls"])).stdout, /^ci +good/m);
  assert.match((await run(["audit"])).stdout, /tag\.create.*\n.*robot\.create/s);
  assert.match((await run(["usage"])).stdout, /team\/\*\* +2B +1/);
  assert.match((await run(["gc"])).stdout, /^Removed 0 manifests, 0 blobs/);
  assert.match((await run(["check"])).stdout, /1 manifest, 1 blob \(2B\): all is well/);

  const elsewhere = await runSampan(["registry", "usage", "--root", root]);
  assert.deepEqual([elsewhere.status, /the records of .* are in a PostgreSQL database\n.*--config FILE/s.test(elsewhere.stderr)], [1, true], elsewhere.stderr);
  assert.match((await runSampan(["registry", "backup", "--root", root, join(folder, "backup")])).stderr, /are in a PostgreSQL database\n.*pg_dump/s);
  const beside = config({ url: (await server!.database()).url });
  assert.match((await runSampan(["registry", "usage", "--root", root, "--config", beside])).stderr, /belongs to the records of another one/);
  const second = join(folder, "second");
  assert.match((await runSampan(["registry", "serve", "--listen", "127.0.0.1:0", "--root", second, "--config", own])).stderr, /the blobs of its records are in another folder/);

  await server!.kill();
  const outage = await fetch(`${base}/manifests/v1`);
  assert.deepEqual([outage.status, outage.headers.get("retry-after"), ((await outage.json()) as { errors: { code: string }[] }).errors[0]!.code], [503, "5", "UNAVAILABLE"]);
  assert.equal(await push("more"), 503);
  await server!.start();
  let status = 0;
  for (let attempt = 0; attempt < 100 && status !== 200; attempt += 1) {
    status = (await fetch(`${base}/manifests/v1`)).status;
    if (status !== 200) await wait(50);
  }
  assert.deepEqual([status, await push("more"), await put("v2")], [200, 201, 201]);
  await registry.end("SIGTERM");

  const without = await runSampan(["registry", "serve", "--listen", "127.0.0.1:0", "--root", root]);
  assert.match(without.stderr, /the records of .* are in a PostgreSQL database/);
  assert.equal(JSON.parse(readFileSync(join(root, "layout.json"), "utf8")).sampanRegistryLayout, 2);
});
