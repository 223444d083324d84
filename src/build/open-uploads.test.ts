import assert from "node:assert/strict";
import { test } from "node:test";
import { parseReference, type Reference } from "../oci/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import { OpenUploads } from "./open-uploads.ts";

const place = parseReference("example.com/app:1");

/** A registry that counts the uploads it opened and writes down which were given up. */
function registry(options: { refuse?: boolean; hold?: boolean } = {}): { client: () => Promise<RegistryClient>; opened: string[]; cancelled: string[] } {
  const [opened, cancelled] = [[] as string[], [] as string[]];
  const client = {
    uploadOpen: async ({ repository }: Reference, { signal }: { signal: AbortSignal }) => {
      signal.throwIfAborted();
      if (options.refuse) throw new Error("refused");
      opened.push(repository);
      if (options.hold) await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      return new URL(`https://example.com/up/${opened.length}`);
    },
    uploadCancel: async (_: Reference, { pathname }: URL) => void cancelled.push(pathname),
  } as unknown as RegistryClient;
  return { client: async () => client, opened, cancelled };
}

test("an upload is taken once, by who sends to that repository", async () => {
  const { client, cancelled } = registry();
  const uploads = new OpenUploads(client, new AbortController().signal);
  uploads.open(place, 2);
  assert.equal(await uploads.take(parseReference("example.com/other:1")), undefined);
  assert.deepEqual([await uploads.take(place), await uploads.take(parseReference("example.com/app:2")), await uploads.take(place)].map((url) => url?.pathname), ["/up/1", "/up/2", undefined]);
  await uploads[Symbol.asyncDispose]();
  assert.deepEqual(cancelled, []);
});

test("what nobody took is given up, also one that is too old to be taken", async (context) => {
  const { client, opened, cancelled } = registry();
  context.mock.timers.enable({ apis: ["Date"] });
  const uploads = new OpenUploads(client, new AbortController().signal);
  uploads.open(place, 2);
  context.mock.timers.setTime(10_001);
  assert.equal(await uploads.take(place), undefined);
  await uploads[Symbol.asyncDispose]();
  assert.deepEqual([opened.length, cancelled.length], [2, 2]);
});

test("a registry that opens none does not hinder anybody", async () => {
  const { client } = registry({ refuse: true });
  const uploads = new OpenUploads(client, new AbortController().signal);
  uploads.open(place, 1);
  assert.equal(await uploads.take(place), undefined);
  await uploads[Symbol.asyncDispose]();
});

test("the end does not wait for uploads that are being opened, and an abort not for their end", async () => {
  const { client, cancelled } = registry({ hold: true });
  const uploads = new OpenUploads(client, new AbortController().signal);
  uploads.open(place, 1);
  await uploads[Symbol.asyncDispose]();
  const controller = new AbortController();
  const stopped = registry();
  const others = new OpenUploads(stopped.client, controller.signal);
  others.open(place, 1);
  controller.abort();
  await others[Symbol.asyncDispose]();
  assert.deepEqual([cancelled, stopped.cancelled], [[], []]);
});
