import assert from "node:assert/strict";
import { carryImage } from "../../../src/carry/carry-image.ts";
import { registrySink } from "../../../src/carry/places/registry-sink.ts";
import { registrySource } from "../../../src/carry/places/registry-source.ts";
import { parsePlatform } from "../../../src/oci/platform.ts";
import { parseReference, type Reference } from "../../../src/oci/reference.ts";
import { anonymous, createRegistryClient, pullImage, pushImage, type CredentialSource, type PushableImage, type RegistryClient } from "../../../src/registry/index.ts";
import { isFault } from "../../../src/std/fault.ts";
import { addImage, createMemoryStore, type MemoryStore } from "../memory-store.ts";
import { seededRandom, type SeededRandom } from "../seeded-random.ts";
import { createTestClock } from "../test-clock.ts";
import { randomPlan } from "./fault-plan.ts";
import { startFaultProxy, type FaultProxy } from "./fault-proxy.ts";

export interface RunReport {
  readonly mode: Mode;
  /** `complete`, or the code of the fault. */
  readonly end: string;
  /** Kinds of the faults on the line. */
  readonly faults: readonly string[];
}

type Mode = "push" | "pull" | "stream" | "copy";

const platform = parsePlatform("linux/amd64");
const USER = { username: "tester", password: "secret" };
const credentials: CredentialSource = { find: async () => ({ ...USER, source: "a test" }) };
/** Milliseconds after which a run counts as hanging: far more than all pauses and timeouts of one together. */
const HANGING = 120_000;

/**
 * One transfer through a line with faults, all of it decided by the seed: it has to end, either complete and verified or
 * with a fault, and to leave nothing wrong behind: no tag that names a broken image, nothing that hinders the next try.
 */
export async function faultyRun(seed: number, upstream: string): Promise<RunReport> {
  let stage = "beginning";
  return inTime(transfer(seed, upstream, (next) => { stage = next; }), () => stage);
}

async function transfer(seed: number, upstream: string, enter: (stage: string) => void): Promise<RunReport> {
  const random = seededRandom(seed);
  const mode = random.pick<Mode>(["push", "push", "pull", "pull", "stream", "copy", "copy"]);
  const user = random.next() < 0.5 ? USER : undefined;
  const origin = createMemoryStore();
  const image = randomImage(origin, random);
  const reference = (host: string): Reference => parseReference(`${host}/run/${seed}:1`);
  const source = (host: string): Reference => parseReference(`${host}/from/${seed}:1`);
  await using proxy = await startFaultProxy({ upstream, plan: randomPlan(seed), ...(user ? { user } : {}) });
  // Half of the copies are between two registries, where nothing can be mounted.
  const between = mode === "copy" && random.next() < 0.5;
  await using other = between ? await startFaultProxy({ upstream, plan: randomPlan(seed + 0.5), ...(user ? { user } : {}) }) : undefined;
  await using clean = createRegistryClient({ credentials: anonymous, environment: {} });
  const open = (): RegistryClient => createRegistryClient({
    credentials: user ? credentials : anonymous, environment: {}, clock: { ...createTestClock(), random: random.next },
    timeouts: { connect: 5_000, idle: 1_000, commit: 1_000 },
  });
  await using client = open();
  await using reader = open();
  enter("preparing");
  if (mode === "pull") await pushImage(clean, reference(upstream), image, origin);
  if (mode === "copy") await pushImage(clean, source(upstream), image, origin);

  const work = {
    copy: async () => void (await carryImage(registrySource(reader, source((other ?? proxy).host)), registrySink(client, reference(proxy.host)), { platforms: "all" })),
    push: () => pushed(client, reference(proxy.host), image, origin),
    pull: () => pulled(client, reference(proxy.host), image, origin),
    stream: () => streamed(client, reference(proxy.host), image, origin),
  };
  enter(`${mode} through the line`);
  const end = await ending(work[mode]());
  enter("looking at what is there");
  assert.deepEqual([...proxy.leaks, ...(other?.leaks ?? [])], [], "a login went to another host");
  if (mode !== "pull") {
    if (end === "complete" || (await isTagged(clean, reference(upstream), proxy))) await pulled(clean, reference(upstream), image, origin);
    await pushed(clean, reference(upstream), image, origin);
  }
  await pulled(clean, reference(upstream), image, origin);
  enter("closing");
  return { mode, end, faults: [...proxy.done, ...(other?.done ?? [])].map(({ fault }) => fault.kind) };
}

/** Config and up to four layers of up to 100 kB, one of which may be there twice or empty. */
function randomImage(store: MemoryStore, random: SeededRandom): PushableImage {
  const layers = Array.from({ length: 1 + random.below(4) }, () => {
    const bytes = Buffer.alloc(random.pick([0, 1, random.below(300), random.below(20_000), random.below(100_000), 65_536]));
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = random.below(256);
    return bytes;
  });
  if (random.next() < 0.2) layers.push(layers[0]!);
  return addImage(store, layers);
}

async function pushed(client: RegistryClient, reference: Reference, image: PushableImage, origin: MemoryStore): Promise<void> {
  await pushImage(client, reference, image, origin);
}

/** As a build does it: layers are sent while they are made, and once more where that did not work. */
async function streamed(client: RegistryClient, reference: Reference, image: PushableImage, origin: MemoryStore): Promise<void> {
  const distinct = image.layers.filter((layer, position) => image.layers.findIndex(({ digest }) => digest === layer.digest) === position);
  const underWay = new Map(distinct.map((layer) => {
    const whole = Promise.resolve({ digest: layer.digest, size: layer.size });
    const sent = client.blobStream(reference, { open: () => origin.read(layer.digest), whole });
    return [layer.digest, sent.then(() => "sent" as const)] as const;
  }));
  const arrived = await Promise.allSettled(underWay.values());
  for (const each of arrived) if (each.status === "rejected" && !isFault(each.reason)) throw each.reason;
  const successful = new Map([...underWay].filter((_, position) => arrived[position]!.status === "fulfilled"));
  await pushImage(client, reference, image, origin, { underWay: successful });
}

/** Pulls into an empty store and compares all of it. */
async function pulled(client: RegistryClient, reference: Reference, image: PushableImage, origin: MemoryStore): Promise<void> {
  const target = createMemoryStore();
  const { manifest, config, layers } = await pullImage(client, reference, target, { platform });
  assert.ok(Buffer.from(image.manifest.bytes).equals(manifest.bytes), "another manifest");
  assert.ok(Buffer.from(origin.blobs.get(image.config.digest)!).equals(config), "another config");
  for (const { digest } of layers) assert.ok(Buffer.from(origin.blobs.get(digest)!).equals(target.blobs.get(digest)!), "another layer");
}

async function ending(work: Promise<void>): Promise<string> {
  try {
    await work;
    return "complete";
  } catch (error) {
    if (isFault(error)) return error.code;
    throw error;
  }
}

/** Fails a run that hangs, and says where it does. */
async function inTime<Result>(work: Promise<Result>, stage: () => string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const hanging = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(`it hangs while ${stage()}`)), HANGING); });
  try {
    return await Promise.race([work, hanging]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the registry has the tag; one whose manifest was damaged on its way there is the line's work, and told to the client. */
async function isTagged(clean: RegistryClient, reference: Reference, proxy: FaultProxy): Promise<boolean> {
  const damaged = proxy.done.some(({ request, fault }) => request.what === "manifest" && request.method === "PUT" && fault.kind === "corrupt" && fault.side === "request");
  return !damaged && (await clean.manifestHead(reference)) !== undefined;
}
