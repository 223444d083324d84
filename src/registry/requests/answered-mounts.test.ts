import assert from "node:assert/strict";
import { test } from "node:test";
import { reply, startScriptedServer } from "../../../test/support/scripted-server.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { sha256 } from "../../oci/digest.ts";
import { parseReference } from "../../oci/reference.ts";
import { isFault } from "../../std/fault.ts";
import { createRegistryClient } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";

test("a registry that leaves a mount without an answer is asked for no other, whatever the repository; another registry is", async () => {
  await using silent = await startScriptedServer((request, response) => (request.method === "POST" ? undefined : reply(response, 200)));
  await using other = await startScriptedServer((request, response) => reply(response, request.method === "POST" ? 201 : 200));
  await using client = createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock(), timeouts: { idle: 60 } });
  const mount = (host: string, repository: string, content: string) => client.blobMount(parseReference(`${host}/${repository}`), { digest: sha256(content), from: "base" });
  const asked = (): number => silent.requests.filter(({ method }) => method === "POST").length;
  const timedOut = (error: unknown): boolean => isFault(error, "REGISTRY_TIMEOUT");
  await assert.rejects(mount(silent.host, "a", "1"), timedOut);
  const before = asked();
  assert.ok(before >= 1);
  await assert.rejects(mount(silent.host, "a", "2"), timedOut);
  await assert.rejects(mount(silent.host, "b", "1"), timedOut);
  assert.equal(asked(), before);
  assert.equal(await mount(other.host, "a", "1"), undefined);
});
