import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { mediaType } from "../../src/oci/media-type.ts";
import { startRegistryProcess } from "../support/registry-process.ts";
import { runSampan } from "../support/run-sampan.ts";
import { described, digestOf, imageManifest } from "../support/scratch-registry.ts";
import { seededRandom, type SeededRandom } from "../support/seeded-random.ts";

/** More of them: SAMPAN_KILLS=1000 npm test -- contract/kill */
const KILLS = Number(process.env["SAMPAN_KILLS"] ?? 6);
/** Kills of one test: who runs the tests takes one that says nothing for ten minutes for a stuck one. */
const MOST = 50;
const CLIENTS = 4;
const shiftedClock = join(import.meta.dirname, "../support/shifted-clock.cjs");
/** Milliseconds within which a push has to end. */
const GRACE = 10_000;
/** The collector works all the time, so that kills meet it too; nothing waits in the trash. */
const CONFIG = `gc: {interval: 200ms, grace: ${GRACE}ms, untagged: true}\nretention: {trash: 0}\n`;

interface Image {
  readonly manifest: string;
  readonly blobs: readonly string[];
}

/** What a tag may lead to: one image or nothing, and while a change was asked for and not acknowledged, what was before as well. */
type Possible = readonly (Image | undefined)[];

for (let done = 0; done < KILLS; done += MOST) {
  const rounds = Math.min(MOST, KILLS - done);
  const title = `a server killed at ${rounds} random points of pushes has everything that it had acknowledged, whole, and nothing else after a collection`;
  test(done === 0 ? title : `${title}, after ${done} of other registries`, (context) => killAtRandom(context, rounds, Number(process.env["SAMPAN_SEED"] ?? 6) + done));
}

async function killAtRandom(context: TestContext, rounds: number, seed: number): Promise<void> {
  // In memory where there is a file system there: a killed process loses nothing that it gave to either.
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "sampan-kill-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [root, config] = [join(folder, "root"), join(folder, "registry.yaml")];
  mkdirSync(root);
  writeFileSync(config, CONFIG);
  const random = seededRandom(seed);
  const tags = new Map<string, Possible>();
  let acknowledged = 0;

  for (let round = 0; round < rounds; round += 1) {
    const server = await startRegistryProcess(context, root, "--config", config);
    await settle(server.address, tags);
    const enough = acknowledged + 1 + random.below(15);
    const reached = Promise.withResolvers<void>();
    const clients = Array.from({ length: CLIENTS }, async (_, client) => {
      for (let count = 0; ; count += 1) {
        const change = chooseChange(random, { round, client, count, tags });
        const before = tags.get(change.tag) ?? [undefined];
        tags.set(change.tag, [...before, change.image]);
        try {
          if (change.image) await push(server.address, change.tag, change.image, random);
          else await send(server.address, "DELETE", manifestPath(change.tag), { expected: [202] });
        } catch (error) {
          if (error === tooLate) continue;
          if (error instanceof assert.AssertionError) throw error;
          return; // the server is gone
        }
        tags.set(change.tag, [change.image]);
        acknowledged += 1;
        if (acknowledged >= enough) reached.resolve();
      }
    });
    const all = Promise.all(clients);
    await Promise.race([reached.promise, all]);
    await wait(random.below(20));
    await server.end("SIGKILL");
    await all;
  }

  assert.ok(acknowledged >= rounds);
  context.diagnostic(`${rounds} kills, ${acknowledged} changes acknowledged, ${tags.size} tags`);
  const server = await startRegistryProcess(context, root, "--config", config);
  await settle(server.address, tags);
  for (const [tag, [image]] of tags) await checkTag(server.address, tag, image);
  assert.deepEqual(readdirSync(join(root, "temporary")), []);
  await server.end("SIGTERM");

  const later = { env: { NODE_OPTIONS: `--require ${shiftedClock}`, SHIFTED_CLOCK: "86400" } };
  const collected = await runSampan(["registry", "gc", "--root", root, "--config", config], later);
  assert.deepEqual([collected.status, collected.stderr], [0, ""]);
  const checked = await runSampan(["registry", "check", "--root", root]);
  assert.equal(checked.status, 0, checked.stdout);
  const named = [...tags.values()].flatMap(([image]) => image?.blobs ?? []).map((blob) => digestOf(blob).slice("sha256:".length));
  assert.deepEqual(readdirSync(join(root, "blobs/sha256")).sort(), [...new Set(named)].sort());
}

/** A new tag, one of the client's own tags moved, or one taken away. Some content comes again and again, so that kills fall into known blobs too. */
function chooseChange(random: SeededRandom, { round, client, count, tags }: { round: number; client: number; count: number; tags: ReadonlyMap<string, Possible> }): { tag: string; image: Image | undefined } {
  const repository = `app${client % 3}`;
  const image = imageOf(`${client % 2 === 0 ? "again" : `${round}-${client}`} ${count % 7}`);
  const moving = `${repository}:moving-${client}`;
  const kind = random.below(6);
  if (kind === 0 && tags.get(moving)?.[0]) return { tag: moving, image: undefined };
  return { tag: kind <= 2 ? moving : `${repository}:r${round}-c${client}-${count}`, image };
}

function imageOf(text: string): Image {
  const blobs = [`{"about":${JSON.stringify(text)}}`, text.repeat(2000)] as const;
  const [config, layer] = blobs.map((blob) => described(digestOf(blob), blob.length));
  return { manifest: JSON.stringify(imageManifest({ config: config!, layers: [layer!] })), blobs };
}

/** Decides by what the server has what became of changes that it did not acknowledge. */
async function settle(address: string, tags: Map<string, Possible>): Promise<void> {
  for (const [tag, possible] of tags) {
    if (possible.length === 1) continue;
    const answer = await fetch(`http://${address}${manifestPath(tag)}`);
    const text = await answer.text();
    const found = possible.findLast((image) => (image ? image.manifest === text : answer.status === 404));
    assert.ok(found || (answer.status === 404 && possible.includes(undefined)), `${tag} is neither what it was nor what it was to be: ${text}`);
    tags.set(tag, [found]);
  }
}

async function checkTag(address: string, tag: string, image: Image | undefined): Promise<void> {
  const found = await fetch(`http://${address}${manifestPath(tag)}`);
  const text = await found.text();
  if (!image) return assert.equal(found.status, 404, tag);
  assert.equal(text, image.manifest, tag);
  for (const blob of image.blobs) {
    const answer = await fetch(`http://${address}/v2/${repositoryOf(tag)}/blobs/${digestOf(blob)}`);
    assert.equal(await answer.text(), blob, tag);
  }
}

/** A push took longer than the grace, as on a machine that stands still, and what it had sent first may be collected. */
const tooLate = new Error("the grace was over");

/** Resolves when the registry has acknowledged all of it. @throws tooLate where the registry refuses it for what it no longer has */
async function push(address: string, tag: string, { manifest, blobs }: Image, random: SeededRandom): Promise<void> {
  const began = performance.now();
  const uploads = `/v2/${repositoryOf(tag)}/blobs/uploads/`;
  for (const blob of blobs) {
    const digest = digestOf(blob);
    const way = random.below(3);
    if (way === 0) {
      await send(address, "POST", `${uploads}?digest=${digest}`, { body: blob, expected: [201] });
      continue;
    }
    const opened = await send(address, "POST", way === 1 ? `${uploads}?mount=${digest}` : uploads, { expected: [201, 202] });
    if (opened.status === 201) continue;
    const half = Math.floor(blob.length / 2);
    const patched = await send(address, "PATCH", opened.headers.get("location")!, { body: blob.slice(0, half), expected: [202] });
    await send(address, "PUT", `${patched.headers.get("location")}?digest=${digest}`, { body: blob.slice(half), expected: [201] });
  }
  await send(address, "PUT", manifestPath(tag), { body: manifest, expected: [201] }).catch((error: Error) => {
    throw error.message.includes("MANIFEST_BLOB_UNKNOWN") && performance.now() - began > GRACE ? tooLate : error;
  });
}

async function send(address: string, method: string, path: string, { body, expected }: { body?: string; expected: readonly number[] }): Promise<Response> {
  const headers = { "Content-Type": path.includes("/manifests/") ? mediaType.ociManifest : "application/octet-stream" };
  const answer = await fetch(`http://${address}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await answer.text();
  assert.ok(expected.includes(answer.status), `${method} ${path}: ${answer.status} ${text}`);
  return answer;
}

const repositoryOf = (tag: string): string => tag.slice(0, tag.indexOf(":"));
const manifestPath = (tag: string): string => `/v2/${repositoryOf(tag)}/manifests/${tag.slice(tag.indexOf(":") + 1)}`;
