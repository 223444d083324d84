import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { basic, guardedRegistry } from "../support/guarded-registry.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { freePort } from "../support/free-port.ts";

function configFile(context: TestContext, text: string): { folder: string; config: string } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-notices-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "registry.yaml"), text);
  return { folder, config: join(folder, "registry.yaml") };
}

const value = (text: string, series: string): number => Number(text.split("\n").find((line) => line.startsWith(`${series} `))?.split(" ")[1]);

test("metrics count requests by route, bytes, uploads, blobs and failed logins", async (context) => {
  const { server } = await guardedRegistry(context, { users: { alice: "secret" }, access: 'grants: [{who: "user:alice", role: writer, repositories: "**"}]' });
  const login = { authorization: basic("alice", "secret") };
  await server.request("GET", "/v2/", { headers: { authorization: basic("alice", "wrong") } });
  const content = "x".repeat(5000);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  assert.equal((await server.request("POST", `/v2/team/app/blobs/uploads/?digest=${digest}`, { headers: login, body: content })).status, 201);
  assert.equal((await server.request("POST", "/v2/team/app/blobs/uploads/", { headers: login })).status, 202);
  assert.equal((await server.request("GET", `/v2/team/app/blobs/${digest}`, { headers: login })).status, 200);
  await server.request("BREW", "/no/such\"}route", {});
  const answer = await server.request("GET", "/metrics");
  const text = answer.body.toString();
  assert.match(String(answer.headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  for (const [series, expected] of Object.entries({
    'sampan_http_requests_total{method="GET",route="/v2/",status="401"}': 1,
    'sampan_http_requests_total{method="POST",route="/v2/<name>/blobs/uploads/",status="201"}': 1,
    'sampan_http_request_duration_seconds_count{method="GET",route="/v2/<name>/blobs/<digest>"}': 1,
    'sampan_http_request_duration_seconds_bucket{method="GET",route="/v2/<name>/blobs/<digest>",le="+Inf"}': 1,
    sampan_uploads_open: 1, sampan_blobs: 1, sampan_blob_bytes: 5000, sampan_repositories: 1, sampan_login_failures_total: 1, sampan_gc_runs_total: 0,
  })) assert.equal(value(text, series), expected, `${series}\n${text}`);
  for (const series of ["sampan_http_received_bytes_total", "sampan_http_sent_bytes_total"]) assert.ok(value(text, series) > 5000 && value(text, series) < 15_000, `${series} ${value(text, series)}`);
  assert.ok(!text.includes("such"), "no label is what a client made up");
});

test("metrics are for this machine, not for who comes through a proxy, and with a listener of their own only there", async (context) => {
  const registry = await scratchRegistry(context);
  for (const path of ["/metrics", "/metrics?x=1", "/readyz?verbose", "/readyz?verbose=1", "/readyz?x=1&verbose"]) assert.equal((await registry.request("GET", path, { headers: { "x-forwarded-for": "192.0.2.1" } })).status, 404, path);
  assert.equal((await registry.request("GET", "/readyz", { headers: { "x-forwarded-for": "192.0.2.1" } })).status, 200);
  const port = await freePort();
  const own = await scratchRegistry(context, { config: configFile(context, `metrics: {listen: "127.0.0.1:${port}"}\n`).config });
  assert.equal((await own.request("GET", "/metrics")).status, 404);
  for (const [path, status] of [["/metrics", 200], ["/healthz", 200], ["/readyz", 200], ["/readyz?verbose", 200], ["/metrics?x=1", 200], ["/healthz?x=1", 200], ["/v2/", 404]] as const) assert.equal((await fetch(`http://127.0.0.1:${port}${path}`)).status, status, path);
  const behind = await scratchRegistry(context, { config: configFile(context, "externalUrl: https://registry.example.com\n").config });
  assert.equal((await behind.request("GET", "/metrics")).status, 404);
});

test("it is ready while it can write, and alive anyhow", async (context) => {
  const registry = await scratchRegistry(context);
  assert.deepEqual([(await registry.request("GET", "/healthz")).status, (await registry.request("GET", "/readyz")).status], [200, 200]);
  const temporary = join(registry.root, "temporary");
  rmSync(temporary, { recursive: true });
  writeFileSync(temporary, "in the way");
  await wait(2100);
  assert.deepEqual([(await registry.request("GET", "/readyz")).status, (await registry.request("GET", "/healthz")).status], [503, 200]);
  for (const query of ["verbose", "verbose=1", "verbose=true", "x=1&verbose"]) {
    const verbose = await registry.request("GET", `/readyz?${query}`);
    assert.deepEqual([verbose.status, verbose.json()], [503, { ready: false, upstreams: [] }], query);
  }
  assert.match((await registry.request("GET", "/readyz?x=verbose")).body.toString(), /^the database or the storage/);
  assert.equal(registry.problems.length, 1);
});

test("the log has a line of JSON for each request, without passwords, tokens and queries", async (context) => {
  const { server, folder } = await guardedRegistry(context, {
    users: { alice: "secret" }, access: 'grants: [{who: "user:alice", role: writer, repositories: "team/**"}]', more: "log: {requests: true, file: requests.log}\n",
  });
  const headers = { authorization: basic("alice", "secret"), "user-agent": "tester/1 \"" };
  await server.request("GET", "/auth/token?service=sampan-registry&account=alice&password=secret", { headers });
  await server.request("GET", "/v2/team/app/tags/list?last=secret", { headers });
  await server.request("GET", "/v2/other/tags/list", { headers });
  await server.request("GET", "/v2/team/app/tags/list", { headers: { authorization: basic("mallory", "hunter2") } });
  const started = await server.request("POST", "/v2/team/app/blobs/uploads/", { headers });
  const location = String(started.headers.location);
  await server.request("DELETE", location, { headers });
  let lines: Record<string, unknown>[] = [];
  for (let attempt = 0; lines.length < 6; attempt += 1) {
    assert.ok(attempt < 100, "the lines were not written in 10 s");
    await wait(100);
    lines = readFileSync(join(folder, "requests.log"), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
  }
  assert.deepEqual(lines.slice(0, 4).map(({ method, path, status, user, address, agent }) => [method, path, status, user, address, agent]), [
    ["GET", "/auth/token", 200, undefined, "127.0.0.1", "tester/1 \""],
    ["GET", "/v2/team/app/tags/list", 404, "alice", "127.0.0.1", "tester/1 \""],
    ["GET", "/v2/other/tags/list", 403, "alice", "127.0.0.1", "tester/1 \""],
    ["GET", "/v2/team/app/tags/list", 401, undefined, "127.0.0.1", undefined],
  ]);
  const text = readFileSync(join(folder, "requests.log"), "utf8");
  for (const hidden of ["secret", "hunter2", "mallory", "Basic", location.split("/").at(-1)!]) assert.ok(!text.includes(hidden), hidden);
});
