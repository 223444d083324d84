import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor } from "../oci/manifest.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { Store } from "../store/open-store.ts";
import { PushAhead } from "./push-ahead.ts";

const blob = { digest: `sha256:${"a".repeat(64)}`, size: 3, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" } as Descriptor;
const store = { blobs: { read: async function* () { yield Buffer.from("abc"); } } } as unknown as Store;

function registryWith(there: readonly string[], put: (repository: string, signal: AbortSignal) => Promise<void>): RegistryClient {
  return {
    blobHead: async ({ repository }: { repository: string }) => (there.includes(repository) ? { size: 3 } : undefined),
    blobPut: ({ repository }: { repository: string }, _: unknown, { signal }: { signal: AbortSignal }) => put(repository, signal),
  } as unknown as RegistryClient;
}

const names = ["example.com/one:1", "example.com/one:2", "example.com/two:1", "example.com/three:1"];

test("a layer is sent once to each repository that lacks it", async () => {
  const sent: string[] = [];
  using ahead = new PushAhead({ store, names, signal: new AbortController().signal, client: async () => registryWith(["three"], async (repository) => void sent.push(repository)) });
  ahead.add(blob);
  await ahead.finish();
  assert.deepEqual(sent, ["one", "two"]);
});

test("without names nothing is sent and no client is made", async () => {
  using ahead = new PushAhead({ store, names: [], signal: new AbortController().signal, client: () => assert.fail("a client was made") });
  ahead.prepare();
  ahead.add(blob);
  await ahead.finish();
});

test("what sending met is thrown at the end, not before", async () => {
  using ahead = new PushAhead({ store, names: ["example.com/one:1"], signal: new AbortController().signal, client: async () => registryWith([], () => Promise.reject(new Error("denied"))) });
  ahead.add(blob);
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(ahead.finish(), /denied/);
});

test("a build that ends early gives uploads up", async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  {
    using ahead = new PushAhead({ store, names: ["example.com/one:1"], signal: new AbortController().signal, client: async () => registryWith([], async (_, signal) => {
      begun.resolve(signal);
      await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }) });
    ahead.add(blob);
    assert.equal((await begun.promise).aborted, false);
  }
  assert.equal((await begun.promise).aborted, true);
});
