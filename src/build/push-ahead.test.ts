import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { parseReference } from "../oci/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import { GrowingFile } from "../std/growing-file.ts";
import type { Store } from "../store/open-store.ts";
import { OpenUploads } from "./open-uploads.ts";
import { PushAhead } from "./push-ahead.ts";

const descriptor = (size: number): Descriptor => ({ digest: `sha256:${"a".repeat(64)}`, size, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" });
const blob = descriptor(100_000);
const store = { blobs: { read: async function* () { yield Buffer.from("abc"); } } } as unknown as Store;
const names = ["example.com/one:1", "example.com/one:2", "example.com/two:1", "example.com/three:1"];

/** A registry that writes down what it is asked for. */
function registry(options: {
  there?: readonly string[];
  put?: (signal: AbortSignal) => Promise<void>;
  stream?: (bytes: string) => void;
  /** The stream does not end by itself. */
  hold?: boolean;
} = {}): { client: RegistryClient; calls: string[] } {
  const calls: string[] = [];
  const client = {
    connect: async (host: string) => void calls.push(`connect ${host}`),
    blobHead: async ({ repository }: { repository: string }) => {
      calls.push(`head ${repository}`);
      return options.there?.includes(repository) ? { size: 3 } : undefined;
    },
    blobPut: async ({ repository }: { repository: string }, _: unknown, { signal }: { signal: AbortSignal }) => {
      calls.push(`put ${repository}`);
      await options.put?.(signal);
    },
    blobStream: async ({ repository }: { repository: string }, { open, whole }: { open(): AsyncIterable<Uint8Array>; whole: Promise<unknown> }, { needless, onBytes }: { needless: AbortSignal; onBytes(sent: number): void }) => {
      calls.push(`stream ${repository}`);
      let text = "";
      for await (const piece of open()) {
        text += Buffer.from(piece).toString();
        options.stream?.(text);
        onBytes(text.length);
      }
      await whole;
      if (options.hold) await new Promise((_resolve, reject) => {
        if (needless.aborted) reject(needless.reason as Error);
        needless.addEventListener("abort", () => reject(needless.reason as Error));
      });
    },
  } as unknown as RegistryClient;
  return { client, calls };
}

const made = (is: Descriptor): { whole: Promise<Descriptor>; stored: Promise<Descriptor> } => ({ whole: Promise.resolve(is), stored: Promise.resolve(is) });

const arrivals = async (ahead: PushAhead, name: string): Promise<unknown[]> => Promise.all((await ahead.underWay(parseReference(name))).values());

test("a layer is sent once to each repository that lacks it", async () => {
  const { client, calls } = registry({ there: ["three"] });
  using ahead = new PushAhead({ store, names, client: async () => client });
  ahead.add(blob);
  assert.deepEqual(await arrivals(ahead, "example.com/one:2"), ["sent"]);
  assert.deepEqual(await arrivals(ahead, "example.com/three:1"), ["exists"]);
  assert.deepEqual(await arrivals(ahead, "example.com/other:1"), []);
  assert.deepEqual(calls.sort(), ["head one", "head three", "head two", "put one", "put two"]);
});

test("a small layer is sent without a question", async () => {
  const { client, calls } = registry({ there: ["one"] });
  using ahead = new PushAhead({ store, names: ["example.com/one:1"], client: async () => client });
  ahead.add(descriptor(100));
  assert.deepEqual(await arrivals(ahead, "example.com/one:1"), ["sent"]);
  assert.deepEqual(calls, ["put one"]);
});

test("what is given with its bytes is not looked for in the store", async () => {
  const sent: string[] = [];
  const blobPut = async (_: unknown, { open }: { open(start: number): AsyncIterable<Uint8Array> }): Promise<void> => {
    for (const start of [0, 4]) for await (const piece of open(start)) sent.push(Buffer.from(piece).toString());
  };
  using ahead = new PushAhead({ store: {} as Store, names: ["example.com/one:1"], client: async () => ({ blobPut }) as unknown as RegistryClient });
  ahead.add(descriptor(6), Buffer.from("config"));
  assert.deepEqual(await arrivals(ahead, "example.com/one:1"), ["sent"]);
  assert.deepEqual(sent, ["config", "ig"]);
});

test("without names nothing is sent and no client is made", async () => {
  using ahead = new PushAhead({ store, names: [], client: () => assert.fail("a client was made") });
  ahead.prepare();
  ahead.add(blob);
  ahead.stream({ file: new GrowingFile("/nowhere"), ...made(blob) });
  assert.deepEqual(await arrivals(ahead, "example.com/one:1"), []);
});

test("what sending met is thrown to who waits for it, not before", async () => {
  const { client } = registry({ put: () => Promise.reject(new Error("denied")) });
  using ahead = new PushAhead({ store, names: ["example.com/one:1"], client: async () => client });
  ahead.add(blob);
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(arrivals(ahead, "example.com/one:1"), /denied/);
});

test("a build that ends early gives uploads up", async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  const { client } = registry({ put: async (signal) => {
    begun.resolve(signal);
    await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  } });
  {
    using ahead = new PushAhead({ store, names: ["example.com/one:1"], client: async () => client });
    ahead.add(blob);
    assert.equal((await begun.promise).aborted, false);
  }
  assert.equal((await begun.promise).aborted, true);
});

async function growing(work: (file: GrowingFile, write: (text: string) => void) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-ahead-"));
  const path = join(folder, "blob");
  const file = new GrowingFile(path);
  let all = "";
  try {
    await work(file, (text) => {
      writeFileSync(path, (all += text));
      file.grown(all.length);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a blob is sent while it is written", () =>
  growing(async (file, write) => {
    const first = Promise.withResolvers<void>();
    let received = "";
    const { client, calls } = registry({ stream: (text) => { received = text; first.resolve(); } });
    using ahead = new PushAhead({ store, names: ["example.com/one:1"], client: async () => client });
    const whole = Promise.withResolvers<Descriptor>();
    ahead.stream({ file, whole: whole.promise, stored: whole.promise });
    write("first ");
    await first.promise;
    assert.equal(received, "first ");
    write("second");
    file.end();
    whole.resolve(descriptor(12));
    assert.deepEqual(await arrivals(ahead, "example.com/one:1"), ["sent"]);
    assert.equal(received, "first second");
    assert.deepEqual(calls, ["stream one"]);
  }));

test("a stream that breaks is followed by an upload of the whole blob", () =>
  growing(async (file, write) => {
    const { client, calls } = registry({ stream: () => { throw new Error("reset"); } });
    using ahead = new PushAhead({ store, names: ["example.com/one:1"], client: async () => client });
    write("bytes");
    file.end();
    ahead.stream({ file, ...made(blob) });
    assert.deepEqual(await arrivals(ahead, "example.com/one:1"), ["sent"]);
    assert.deepEqual(calls, ["stream one", "head one", "put one"]);
  }));

test("when much is left to send and the registry turns out to have the blob, the stream is given up", () =>
  growing(async (file, write) => {
    const { client, calls } = registry({ there: ["one"], hold: true });
    using ahead = new PushAhead({ store, names: ["example.com/one:1"], client: async () => client });
    write("bytes");
    file.end();
    ahead.stream({ file, ...made(descriptor(100_000_000)) });
    assert.deepEqual(await arrivals(ahead, "example.com/one:1"), ["exists"]);
    assert.deepEqual(calls, ["stream one", "head one"]);
  }));

test("what the packing met is what the stream's waiter is told, and nothing is sent after it", () =>
  growing(async (file, write) => {
    const { client, calls } = registry();
    using ahead = new PushAhead({ store, names: ["example.com/one:1"], client: async () => client });
    const whole = Promise.withResolvers<Descriptor>();
    ahead.stream({ file, whole: whole.promise, stored: whole.promise });
    write("bytes");
    file.fail(new Error("the disk is full"));
    whole.reject(new Error("the disk is full"));
    await assert.rejects(arrivals(ahead, "example.com/one:1"), /the disk is full/);
    assert.deepEqual(calls, ["stream one"]);
  }));

test("a push does not wait long to be told what is under its name", async () => {
  const { client } = registry();
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: { ...blob, mediaType: "application/vnd.oci.image.config.v1+json" }, layers: [] }));
  const digest = sha256(manifest);
  const known = { images: { named: () => ({ manifest: { digest } }) }, blobs: { readBytes: () => manifest } } as unknown as Store;
  const asked: unknown[] = [];
  const answers: (() => Promise<{ digest: string } | undefined>)[] = [
    async () => ({ digest }), async () => ({ digest: blob.digest }), async () => undefined, () => Promise.reject(new Error("denied")), () => new Promise(() => undefined),
  ];
  const found = await Promise.all(answers.map(async (answer) => {
    const asks = { ...client, manifestHead: (_: unknown, options: { once: boolean }) => (asked.push(options.once), answer()) } as unknown as RegistryClient;
    const hangs = answer === answers.at(-1);
    using ahead = new PushAhead({ store: known, names: ["example.com/one:1"], client: async () => asks, ...(hangs ? { patience: 1 } : {}) });
    ahead.prepare();
    return (await ahead.tagBefore(parseReference("example.com/one:2")))?.digest;
  }));
  assert.deepEqual(found, [digest, undefined, undefined, undefined, undefined]);
  assert.deepEqual(asked, answers.map(() => true));
});

/** A push to two repositories; the store knows what the first has under the tag, as the registry says when it is asked. */
function knownTag(answered: Promise<void>): { store: Store; client: RegistryClient; /** Repositories that an upload was opened in. */ opened: string[]; /** What each blob was put into: an upload that was opened before, or one of its own. */ uploads: (string | undefined)[] } {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: descriptor(2), layers: [descriptor(3)] }));
  const digest = sha256(bytes);
  const uploads: (string | undefined)[] = [];
  const opened: string[] = [];
  const client = {
    connect: async () => undefined,
    manifestHead: async () => (await answered, { digest }),
    uploadOpen: async ({ repository }: { repository: string }) => new URL(`https://example.com/${repository}/${opened.push(repository)}`),
    blobPut: async (_: unknown, __: unknown, { upload }: { upload?: URL }) => void uploads.push(upload?.pathname),
  } as unknown as RegistryClient;
  const known = { ...store, images: { named: (name: string) => (name === "example.com/one:1" ? { manifest: { digest } } : undefined) }, blobs: { readBytes: () => bytes } } as unknown as Store;
  return { store: known, client, opened, uploads };
}

test("where the tag is known, uploads wait for the last layer and the config", async () => {
  const { store: known, client, opened, uploads } = knownTag(Promise.resolve());
  await using waiting = new OpenUploads(async () => client, new AbortController().signal);
  using ahead = new PushAhead({ store: known, names: ["example.com/one:1", "example.com/two:1"], client: async () => client, opened: waiting });
  ahead.prepare();
  await ahead.tagBefore(parseReference("example.com/one:1"));
  ahead.expectLast();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(opened, ["one", "one"]);
  ahead.add(descriptor(100));
  await arrivals(ahead, "example.com/one:1");
  ahead.add({ ...descriptor(200), digest: `sha256:${"b".repeat(64)}` });
  await arrivals(ahead, "example.com/one:1");
  await arrivals(ahead, "example.com/two:1");
  assert.deepEqual(uploads.sort(), ["/one/1", "/one/2", undefined, undefined]);
});

test("where the tag is found late, no upload is opened for what is on its way", async () => {
  const gate = Promise.withResolvers<void>();
  const { store: known, client, opened, uploads } = knownTag(gate.promise);
  await using waiting = new OpenUploads(async () => client, new AbortController().signal);
  using ahead = new PushAhead({ store: known, names: ["example.com/one:1", "example.com/two:1"], client: async () => client, opened: waiting });
  ahead.prepare();
  ahead.expectLast();
  ahead.add(descriptor(100));
  await arrivals(ahead, "example.com/one:1");
  gate.resolve();
  await ahead.tagBefore(parseReference("example.com/one:1"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(opened, ["one"]);
  ahead.add({ ...descriptor(200), digest: `sha256:${"b".repeat(64)}` });
  await arrivals(ahead, "example.com/one:1");
  assert.deepEqual(uploads.filter((path) => path !== undefined), ["/one/1"]);
});

test("of many layers only some are on their way to a host at once, the others wait without memory", async () => {
  const gate = Promise.withResolvers<void>();
  const { client, calls } = registry({ put: () => gate.promise });
  using ahead = new PushAhead({ store, names: ["example.com/one:1", "example.org/two:1"], client: async () => client });
  for (let count = 0; count < 20; count += 1) ahead.add(descriptor(100));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([...new Set(calls)].map((call) => [call, calls.filter((other) => other === call).length]), [["put one", 7], ["put two", 7]]);
  gate.resolve();
  await Promise.all([arrivals(ahead, "example.com/one:1"), arrivals(ahead, "example.org/two:1")]);
  assert.equal(calls.length, 40);
});
