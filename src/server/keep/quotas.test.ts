import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { digestOf, scratchRegistry } from "../../../test/support/scratch-registry.ts";

async function limited(context: TestContext, quota: string) {
  const folder = mkdtempSync(join(tmpdir(), "sampan-quota-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "r.yaml"), `quota: [${quota}]\n`);
  const registry = await scratchRegistry(context, { config: join(folder, "r.yaml") });
  const files = (): number => readdirSync(join(registry.root, "blobs/sha256")).length + readdirSync(join(registry.root, "temporary")).length;
  return { registry, files };
}

test("a push over a quota is refused with its use, whichever way the bytes come, and nothing of it stays", async (context) => {
  const { registry, files } = await limited(context, '{repositories: "team/**", bytes: 1000}');
  await registry.pushBlob("team/a", "x".repeat(600));
  const more = "y".repeat(500);
  const refused = async (method: string, path: string, parts: Parameters<typeof registry.request>[2], size = "500B"): Promise<void> => {
    const words = `the quota of team/** leaves no room for ${size}: 600B of 1kB are used; delete images, or ask for more`;
    const answer = await registry.request(method, path, parts);
    assert.equal(answer.status, 403, answer.body.toString());
    assert.equal(answer.code(), "DENIED");
    assert.ok(answer.body.includes(words), answer.body.toString());
  };
  await refused("POST", `/v2/team/b/blobs/uploads/?digest=${digestOf(more)}`, { body: more });
  await refused("PATCH", await registry.openUpload("team/b"), { body: "y".repeat(601) }, "601B");
  await refused("POST", `/v2/team/b/blobs/uploads/?digest=${digestOf(more)}`, { body: more, headers: { "transfer-encoding": "chunked" } });
  const unnamed = await registry.request("PATCH", await registry.openUpload("team/b"), { body: more });
  assert.equal(unnamed.status, 202, "it may be what team/a has");
  await refused("PUT", `${unnamed.headers["location"]}?digest=${digestOf(more)}`, {});
  assert.equal(files(), 1);
  await registry.pushBlob("other", more);
  const mount = await registry.request("POST", `/v2/team/b/blobs/uploads/?mount=${digestOf(more)}&from=other`);
  assert.equal(mount.status, 403);
  assert.equal((await registry.request("POST", `/v2/team/b/blobs/uploads/?mount=${digestOf("x".repeat(600))}&from=team/a`)).status, 201, "what the namespace has counts once");
  await registry.pushBlob("team/b", "z".repeat(400));
  // A client that does not know where else it is sends all of it, in any way.
  const shared = "x".repeat(600);
  const finish = async (location: string, body: string): Promise<number> => (await registry.request("PUT", `${location}?digest=${digestOf(shared)}`, { body })).status;
  const patched = await registry.request("PATCH", await registry.openUpload("team/c"), { body: shared });
  assert.deepEqual([patched.status, await finish(patched.headers["location"] as string, "")], [202, 201]);
  assert.equal(await finish(await registry.openUpload("team/d"), shared), 201);
  assert.equal((await registry.request("POST", `/v2/team/e/blobs/uploads/?digest=${digestOf(shared)}`, { body: shared })).status, 201);
});

test("pushes at once do not get past a quota together", async (context) => {
  const { registry, files } = await limited(context, '{repositories: "team/**", bytes: 1000}');
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => {
    const body = String(index).repeat(300);
    return registry.request("POST", `/v2/team/r${index}/blobs/uploads/?digest=${digestOf(body)}`, { body });
  }));
  const taken = answers.filter(({ status }) => status === 201).length;
  assert.ok(taken >= 1 && taken <= 3, `${taken} of 300 bytes in 1000`);
  assert.ok(answers.every(({ status }) => status === 201 || status === 403));
  assert.equal(files(), taken);
});

test("tags are counted together, and moving one needs no room", async (context) => {
  const { registry } = await limited(context, '{repositories: "team/**", tags: 2}');
  await registry.pushImage("team/a", "1");
  await registry.pushImage("team/b", "1", "b");
  await registry.pushImage("team/b", "1", "c");
  await assert.rejects(registry.pushImage("team/a", "2", "d"), /2 of 2 tags/);
  await registry.pushImage("else", "1");
});
