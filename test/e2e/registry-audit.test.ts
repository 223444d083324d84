import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { basic, guardedRegistry } from "../support/guarded-registry.ts";
import { runSampan } from "../support/run-sampan.ts";

test("changes, denied changes and failed logins are events, that the command filters", async (context) => {
  const { server } = await guardedRegistry(context, {
    users: { alice: "secret", bob: "secret" }, access: 'grants: [{who: "user:alice", role: writer, repositories: "team/**"}, {who: "user:bob", role: reader, repositories: "**"}]',
  });
  const as = (user: string, password = "secret"): Record<string, string> => ({ authorization: basic(user, password), "user-agent": "tester \u009b2J" });
  const manifest = { method: "PUT", body: '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}', headers: { "content-type": "application/vnd.oci.image.index.v1+json" } };
  const put = async (user: string, path: string): Promise<number> => (await server.request("PUT", path, { ...manifest, headers: { ...manifest.headers, ...as(user) } })).status;
  assert.equal(await put("alice", "/v2/team/app/manifests/1"), 201);
  assert.equal(await put("bob", "/v2/team/app/manifests/1"), 403);
  assert.equal((await server.request("GET", "/v2/", { headers: as("mallory", "hunter2") })).status, 401);
  for (let index = 0; index < 70; index += 1) await server.request("DELETE", "/v2/team/app/manifests/1", { headers: as("bob") });

  const audit = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await runSampan(["registry", "audit", "--root", server.root, ...words]);
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const parse = (text: string): Record<string, unknown>[] => text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
  await wait(500);
  const all = parse(await audit("--json", "--since", "1h"));
  const shown = all.map(({ action, result, repository, tag, user, address }) => [action, result, repository, tag, user, address].join(" "));
  assert.deepEqual(shown.slice(0, 5), [
    "repository.create done team/app  alice 127.0.0.1", "manifest.push done team/app  alice 127.0.0.1", "tag.create done team/app 1 alice 127.0.0.1",
    "access.deny denied team/app  bob 127.0.0.1", "login.fail failed   mallory 127.0.0.1",
  ]);
  const denied = all.filter(({ action }) => action === "access.deny").length;
  assert.ok(denied >= 50 && denied < 71, `the rate is bounded: ${denied}`);
  assert.match(JSON.stringify(all[3]), /"reason":"user bob may not push to team\/app/);
  assert.ok(!JSON.stringify(all).includes("hunter2"));

  const line = await audit("--action", "tag", "--user", "alice", "--repository", "team/*");
  assert.match(line, /^\S+ tag\.create team\/app:1 sha256:[0-9a-f]{12} by alice from 127\.0\.0\.1 with tester [^\u009b]+\n$/);
  assert.equal(await audit("--repository", "other/**"), "");
  assert.equal(await audit("--since", "2100-01-01"), "");
  const bad = await runSampan(["registry", "audit", "--root", server.root, "--since", "yesterday"]);
  assert.deepEqual([bad.status, /neither a duration/.test(bad.stderr)], [2, true], bad.stderr);
});

test("--follow shows what comes, until it is ended", async (context) => {
  const { server } = await guardedRegistry(context, { users: { alice: "secret" }, access: "grants: []" });
  let seen = "";
  const { status, stderr } = await runSampan(["registry", "audit", "--root", server.root, "--follow", "--json"], {
    onStart(child) {
      const giveUp = setTimeout(() => child.kill("SIGKILL"), 30_000);
      child.stdout!.on("data", (part: Buffer) => {
        seen += part.toString();
        if (seen.includes("\n")) child.kill("SIGINT");
      });
      child.once("exit", () => clearTimeout(giveUp));
      void server.request("GET", "/v2/", { headers: { authorization: basic("alice", "wrong") } });
    },
  });
  assert.match(seen, /"action":"login.fail"/, stderr);
  assert.notEqual(status, null, "it ended by itself");
});
