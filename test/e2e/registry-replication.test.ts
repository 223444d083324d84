import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { mediaType } from "../../src/oci/media-type.ts";
import type { Page, ReplicationRow } from "../../src/server/api/answers.ts";
import { serveRegistry } from "../../src/server/serve-registry.ts";
import { basic, guardedConfig } from "../support/guarded-registry.ts";
import { runSampan } from "../support/run-sampan.ts";
import { described, digestOf, imageManifest, scratchRegistry } from "../support/scratch-registry.ts";

const USERS = { copier: "c", reader: "r" };

function scratchFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-replication-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits for what comes by itself; gives up after a minute with what was there last. */
async function eventually(wanted: unknown, look: () => Promise<unknown>): Promise<void> {
  for (let round = 0; ; round += 1) {
    const seen = await look();
    if (JSON.stringify(seen) === JSON.stringify(wanted) || round > 600) return assert.deepEqual(seen, wanted);
    await wait(100);
  }
}

test("tags go to another registry as they are pushed, with their signatures; what was pushed while either was down follows", async (context) => {
  const target = guardedConfig(context, { users: USERS, access: 'grants:\n  - {who: copier, role: maintainer, repositories: "backup/**"}\n  - {who: reader, role: reader, repositories: "**"}' });
  const targetRoot = scratchFolder(context);
  let second = await serveRegistry({ listen: "127.0.0.1:0", root: targetRoot, config: target.config });
  context.after(() => second.close());
  const { address } = second;
  const there = async (path: string): Promise<unknown> => {
    const answer = await fetch(`http://${address}/v2/backup/${path}`, { headers: { authorization: basic("reader", USERS.reader) } });
    return answer.ok ? answer.json() : answer.status;
  };
  const tagsThere = async (repository: string): Promise<unknown> => ((await there(`${repository}/tags/list`)) as { tags?: string[] }).tags ?? "none";

  const folder = scratchFolder(context);
  const root = scratchFolder(context);
  const config = join(folder, "registry.yaml");
  writeFileSync(join(folder, "password"), `${USERS.copier}\n`);
  writeFileSync(config, `replication: [{to: "http://${address}/backup", repositories: prod/*, tags: [latest], semver: ">=1.2", username: copier, passwordFile: password, delete: true}]\n`);
  const first = await scratchRegistry(context, { root });
  await first.pushImage("prod/app", "1.2.0", "before the rule");
  await first.pushImage("prod/app", "1.1.0", "too old");
  await first.pushImage("test/app", "1.2.0", "of another repository");
  await first.server.close();

  // What was there before is compared at the start.
  const source = await scratchRegistry(context, { root, config });
  await eventually(["1.2.0"], () => tagsThere("prod/app"));
  const pushed = await source.pushImage("prod/app", "latest", "new");
  await eventually(["1.2.0", "latest"], () => tagsThere("prod/app"));
  const empty = described(await source.pushBlob("prod/app", "{}"), 2, mediaType.ociEmpty);
  const subject = described(pushed.digest, (await source.request("GET", `/v2/prod/app/manifests/latest`)).body.length, mediaType.ociManifest);
  const signature = imageManifest({ config: empty, layers: [empty], artifactType: "application/vnd.example.signature", subject });
  assert.equal((await source.pushManifest("prod/app", digestOf(JSON.stringify(signature)), signature)).status, 201);
  await eventually([digestOf(JSON.stringify(signature))], async () => ((await there(`prod/app/referrers/${pushed.digest}`)) as { manifests?: { digest: string }[] }).manifests?.map(({ digest }) => digest));
  assert.deepEqual([await tagsThere("test/app"), (await source.request("GET", "/v2/prod/app/tags/list")).json()], ["none", { name: "prod/app", tags: ["1.1.0", "1.2.0", "latest"] }]);

  // While the other side is down it is waited for, also by the next server on the same folder.
  await second.close();
  await source.pushImage("prod/app", "1.3.0", "while it is down");
  const status = async (server: typeof source): Promise<ReplicationRow> => ((await server.request("GET", "/api/v1/replication")).json() as Page<ReplicationRow>).items[0]!;
  await eventually(true, async () => (await status(source)).problems.some(({ what }) => what === "prod/app:1.3.0"));
  const figures = (await source.request("GET", "/metrics")).body.toString();
  assert.match(figures, /\nsampan_replication_copied_total\{rule="to 127\.0\.0\.1:\d+: prod\/\*"\} 3\n/);
  assert.match(figures, /\nsampan_replication_failing\{rule="[^"]+"\} 1\n/);
  assert.ok(source.problems.length > 0 && !source.problems.join().includes(USERS.copier + "\n"));
  await source.server.close();
  second = await serveRegistry({ listen: address, root: targetRoot, config: target.config });
  const again = await scratchRegistry(context, { root, config });
  await eventually(["1.2.0", "1.3.0", "latest"], () => tagsThere("prod/app"));
  await eventually([[], "to"], async () => [(await status(again)).problems, (await status(again)).direction]);

  // What is deleted here goes there too, but for what the rule does not speak of.
  const remove = async (tag: string): Promise<number> => (await again.request("DELETE", `/v2/prod/app/manifests/${tag}`)).status;
  assert.deepEqual([await remove("1.1.0"), await remove("1.3.0")], [202, 202]);
  await eventually(["1.2.0", "latest"], () => tagsThere("prod/app"));
  await eventually(1, async () => (await status(again)).deleted);
  const shown = await runSampan(["registry", "replication", "status", "--root", root, "--config", config, "--json"]);
  const [rule] = JSON.parse(shown.stdout) as Record<string, unknown>[];
  assert.deepEqual([shown.status, rule!["state"], rule!["copied"], rule!["deleted"], rule!["pending"], rule!["problems"]], [0, "up to date", 4, 1, [], []], shown.stdout);
  await second.close();
  await again.pushImage("prod/app", "1.4.0", "pending");
  const failed = await runSampan(["registry", "replication", "run", "--root", root, "--config", config, String(rule!["name"])]);
  assert.deepEqual([failed.status, /copied 0, deleted 0, failing 1; the server goes on\n.*(?:refused|reach)/s.test(failed.stdout)], [1, true], failed.stdout + failed.stderr);
  await again.server.close();
  const pending = await runSampan(["registry", "replication", "status", "--root", root, "--config", config]);
  assert.match(pending.stdout, /^1 +to 127\.0\.0\.1:\d+: prod\/\* +not running +4 +1 +1 +1 /m);
  assert.match(pending.stdout, /^to 127\.0\.0\.1:\d+: prod\/\*: prod\/app(?::1\.4\.0)?: registry 127\.0\.0\.1:\d+ cannot be reached: /m);
  assert.match((await runSampan(["registry", "replication", "run", "--root", root, "--config", config, "1"])).stderr, /no server replicates/);
  assert.match((await runSampan(["registry", "replication", "run", "--root", root, "--config", config, "2"])).stderr, /no replication rule "2"\n.*1 \(to 127/s);
});

test("tags come from another registry; what is immutable here stays, and what fails is told", async (context) => {
  const source = await scratchRegistry(context);
  const copied = await source.pushImage("team/app", "1.0.0", "first");
  await source.pushImage("team/deep/app", "2", "second");
  await source.pushImage("other/app", "1", "third");
  const folder = scratchFolder(context);
  const root = scratchFolder(context);
  const before = await scratchRegistry(context, { root });
  const kept = await before.pushImage("team/app", "fixed", "ours");
  for (const [repository, tag] of [["team/app", "ours"], ["hidden/app", "1"], ["team/here", "1"]] as const) await before.pushImage(repository, tag, "ours");
  await before.server.close();
  await source.pushImage("team/app", "fixed", "theirs");
  const config = join(folder, "registry.yaml");
  writeFileSync(config, `replication: [{from: "http://${source.address}", repositories: team/**, delete: true}, {from: "http://${source.address}", repositories: [hidden/app], delete: true}]\nimmutable: [{repositories: "**", tags: fixed}]\n`);
  const target = await scratchRegistry(context, { root, config });
  const digest = async (repository: string, tag: string): Promise<unknown> => (await target.request("HEAD", `/v2/${repository}/manifests/${tag}`)).headers["docker-content-digest"];
  await eventually(copied.digest, () => digest("team/app", "1.0.0"));
  assert.equal((await target.request("GET", `/v2/team/app/blobs/${copied.layer}`)).body.toString(), "first");
  await eventually(true, async () => ((await target.request("GET", "/api/v1/replication")).json() as Page<ReplicationRow>).items[0]!.problems.some(({ reason }) => reason.includes("the tag fixed of team/app is immutable here")));
  assert.equal(await digest("team/app", "fixed"), kept.digest);
  assert.deepEqual((await target.request("GET", "/v2/other/app/tags/list")).status, 404);
  assert.match((await target.request("GET", "/api/v1/audit")).body.toString(), /"user":"sampan:replication"/);

  // Deleted is what the other side shows a repository without, and can be restored; what it does not know, it may hide.
  await eventually(404, async () => (await target.request("GET", "/v2/team/app/manifests/ours")).status);
  await eventually([2, 1], async () => ((await target.request("GET", "/api/v1/replication")).json() as Page<ReplicationRow>).items.map(({ copied, deleted }) => [copied, deleted])[0]);
  assert.equal((await source.request("DELETE", "/v2/team/app/manifests/1.0.0")).status, 202);
  const run = (word: string) => runSampan(["registry", "replication", "run", "--root", root, "--config", config, word]);
  const [first, second] = [await run("1"), await run("2")];
  assert.deepEqual([first.status, /: copied 0, deleted 1, failing 1\nteam\/app:fixed: .*immutable/.test(first.stdout)], [1, true], first.stdout + first.stderr);
  assert.deepEqual([second.status, /: copied 0, deleted 0, failing 0\n$/.test(second.stdout)], [0, true], second.stdout + second.stderr);
  const newer = join(folder, "newer.yaml"); // than what the server has read
  writeFileSync(newer, `replication: [{from: "http://${source.address}", repositories: third/**}]\n`);
  assert.match((await runSampan(["registry", "replication", "run", "--root", root, "--config", newer, "1"])).stderr, /does not have the rule "from [^"]*: third\/\*\*"/);
  const tags = async (repository: string): Promise<unknown> => ((await target.request("GET", `/v2/${repository}/tags/list`)).json() as { tags: unknown }).tags;
  assert.deepEqual([await tags("team/app"), await tags("hidden/app"), await tags("team/here")], [["fixed"], ["1"], ["1"]]);
  assert.match((await runSampan(["retention", "trash", "--root", root])).stdout, /team\/app.*1\.0\.0.*has it no more/);
});

test("a registry that was restored deletes nothing on the other side until that is confirmed; a rule that only an earlier server had is told", async (context) => {
  const target = await scratchRegistry(context);
  const folder = scratchFolder(context);
  const [root, backup] = [join(folder, "root"), join(folder, "backup")];
  const config = join(folder, "registry.yaml");
  writeFileSync(config, `replication: [{to: "http://${target.address}", repositories: app, delete: true}]\n`);
  const there = async (): Promise<unknown> => ((await target.request("GET", "/v2/app/tags/list")).json() as { tags?: string[] }).tags;
  const sampan = (...words: readonly string[]) => runSampan(["registry", ...words]);
  const first = await scratchRegistry(context, { root, config });
  for (const tag of ["v1", "v2"]) await first.pushImage("app", tag, tag);
  await eventually(["v1", "v2"], there);
  assert.equal((await sampan("backup", "--root", root, backup)).status, 0);
  await first.pushImage("app", "v3", "after the backup");
  await eventually(["v1", "v2", "v3"], there);
  await first.server.close();
  assert.equal((await sampan("restore", "--root", root, "--replace", backup)).status, 0);

  const again = await scratchRegistry(context, { root, config });
  await again.pushImage("app", "v4", "after the restore");
  assert.equal((await again.request("DELETE", "/v2/app/manifests/v1")).status, 202);
  await eventually(["v1", "v2", "v3", "v4"], there);
  assert.ok(again.problems.some(({ message }) => /put in place anew/.test(message)));
  const run = (...words: readonly string[]) => sampan("replication", "run", "--root", root, "--config", config, ...words);
  const held = await run("1");
  assert.deepEqual([held.status, /deleted 0, failing 0\n2 deletions are held back/.test(held.stdout)], [0, true], held.stdout + held.stderr);
  assert.match((await sampan("replication", "status", "--root", root, "--config", config)).stdout, /nothing is deleted over there \(2 tags would be\): .*--confirm-deletes/);
  const [rule] = JSON.parse((await sampan("replication", "status", "--root", root, "--config", config, "--json")).stdout) as Record<string, unknown>[];
  assert.equal(rule!["deletionsHeld"], 2);
  assert.deepEqual(await there(), ["v1", "v2", "v3", "v4"]);
  const confirmed = await run("--confirm-deletes", "1");
  assert.deepEqual([confirmed.status, /deleted 2, failing 0\n$/.test(confirmed.stdout)], [0, true], confirmed.stdout + confirmed.stderr);
  assert.deepEqual(await there(), ["v2", "v4"]);
  await again.server.close();

  // Put back by hand, into the same file.
  const [database, saved] = [join(root, "registry.db"), join(folder, "saved.db")];
  copyFileSync(database, saved);
  const third = await scratchRegistry(context, { root, config });
  assert.deepEqual(third.problems, []);
  await third.pushImage("app", "v5", "after the copy");
  await eventually(["v2", "v4", "v5"], there);
  await third.server.close();
  const { ino } = statSync(database);
  copyFileSync(saved, database);
  assert.equal(statSync(database).ino, ino);
  const fourth = await scratchRegistry(context, { root, config });
  await fourth.pushImage("app", "v6", "after it was put back");
  await eventually(["v2", "v4", "v5", "v6"], there);
  assert.ok(fourth.problems.some(({ message }) => /put in place anew/.test(message)));
  const unknown = await run("1");
  assert.deepEqual([unknown.status, /deleted 0, failing 0\n1 deletions are held back/.test(unknown.stdout)], [0, true], unknown.stdout + unknown.stderr);
  await fourth.server.close();

  // The same folder is no restored one, and its next server has another rule.
  const other = join(folder, "other.yaml");
  writeFileSync(other, `replication: [{to: "http://${target.address}", repositories: other, delete: true}]\n`);
  const last = await scratchRegistry(context, { root, config: other });
  assert.deepEqual(last.problems, []);
  assert.match((await run("1")).stderr, /the server that replicates .* does not have the rule "to [^"]*: app"/);
});
