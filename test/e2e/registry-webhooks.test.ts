import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { scratchRegistry } from "../support/scratch-registry.ts";

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Somebody who is told of changes, with the answers that they give in turn; 200 after these. */
async function receiver(context: TestContext, answers: readonly number[] = []) {
  const received: Received[] = [];
  const left = [...answers];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString())).on("end", () => {
      received.push({ path: request.url!, headers: request.headers, body });
      const status = left.shift() ?? 200;
      response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const until = async (count: number): Promise<void> => {
    for (let attempt = 0; received.length < count; attempt += 1) {
      assert.ok(attempt < 300, `${received.length} of ${count} requests in 30 s`);
      await wait(100);
    }
  };
  return { received, until, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=hidden` };
}

function scratch(context: TestContext, config: string): { root: string; config: string } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-hooks-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "registry.yaml"), config);
  return { root: join(folder, "root"), config: join(folder, "registry.yaml") };
}

const MEDIA_TYPE = "application/vnd.oci.image.index.v1+json";
const put = async (registry: Awaited<ReturnType<typeof scratchRegistry>>, path: string, method = "PUT"): Promise<void> => {
  const { status } = await registry.request(method, path, method === "PUT" ? { headers: { "content-type": MEDIA_TYPE }, body: `{"schemaVersion":2,"mediaType":"${MEDIA_TYPE}","manifests":[]}` } : {});
  assert.ok(status < 300, `${method} ${path}: ${status}`);
};

test("a push is told as a signed CloudEvent; what fails is sent again, in order", async (context) => {
  const { url, received, until } = await receiver(context, [500, 302]);
  const registry = await scratchRegistry(context, scratch(context, `webhooks: [{url: "${url}", secret: key, events: [tag, delete], repositories: "team/**"}]\n`));
  await wait(300);
  await put(registry, "/v2/other/app/manifests/1");
  await put(registry, "/v2/team/app/manifests/1");
  await put(registry, "/v2/team/app/manifests/1", "DELETE");
  await until(4);
  const events = received.map(({ body }) => JSON.parse(body) as { id: string; type: string; subject: string; specversion: string; time: string; source: string; data: Record<string, unknown> });
  assert.deepEqual(events.map(({ type, subject }) => `${type} ${subject}`), [...Array<string>(3).fill("sampan.registry.tag.create team/app:1"), "sampan.registry.tag.delete team/app:1"]);
  assert.equal(new Set(events.slice(0, 3).map(({ id }) => id)).size, 1);
  const [{ specversion, data }] = events as [(typeof events)[number]];
  assert.deepEqual([specversion, data["repository"], data["tag"], data["action"]], ["1.0", "team/app", "1", "tag.create"]);
  for (const { path, headers, body } of received) {
    assert.equal(path, "/hook?key=hidden", "no redirect is followed");
    assert.match(headers["content-type"]!, /^application\/cloudevents\+json/);
    assert.equal(headers["x-sampan-signature-256"], `sha256=${createHmac("sha256", "key").update(body).digest("hex")}`);
  }
  assert.match(registry.problems[0]!.message, /did not take event \d+ \(it answered 500\): it is sent again/);
  assert.ok(!registry.problems.some(({ message }) => message.includes("hidden")));
});

test("what was not taken before a restart is sent after it, and nothing twice that was", async (context) => {
  const { url, received, until } = await receiver(context, [200, 503]);
  const place = scratch(context, `webhooks: [{url: "${url}", events: tag.create}]\n`);
  const first = await scratchRegistry(context, place);
  await wait(300);
  await put(first, "/v2/a/manifests/1");
  await until(1);
  await put(first, "/v2/a/manifests/2");
  await until(2);
  await first.server.close();
  await scratchRegistry(context, place);
  await until(3);
  await wait(700);
  assert.deepEqual(received.map(({ body }) => (JSON.parse(body) as { subject: string }).subject), ["a:1", "a:2", "a:2"]);
});
