import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { mediaType } from "../../src/oci/media-type.ts";
import { described, digestOf, imageManifest } from "../support/scratch-registry.ts";
import { seededRandom } from "../support/seeded-random.ts";

/** More of them: SAMPAN_KILLS=1000 npm test -- contract/kill */
const ROUNDS = Number(process.env["SAMPAN_KILLS"] ?? 6);
const CLIENTS = 4;

interface Pushed {
  readonly repository: string;
  readonly tag: string;
  readonly manifest: string;
  readonly blobs: readonly string[];
}

test(`a server killed at ${ROUNDS} random points of pushes has every push that it had acknowledged, whole`, async (context) => {
  const root = mkdtempSync(join(tmpdir(), "sampan-kill-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const random = seededRandom(6);
  const acknowledged: Pushed[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const server = await startServer(context, root);
    const enough = acknowledged.length + 1 + random.below(15);
    const reached = Promise.withResolvers<void>();
    const clients = Array.from({ length: CLIENTS }, async (_, client) => {
      for (let count = 0; ; count += 1) {
        // Some content comes again and again, so that kills fall into known blobs, moved tags and deletions too.
        const image = imageOf(`${client % 2 === 0 ? "again" : `${round}-${client}`} ${count % 7}`);
        const repository = `app${client % 3}`;
        const tag = `r${round}-c${client}-${count}`;
        try {
          await push(server.address, repository, tag, image);
        } catch {
          return; // the server is gone
        }
        acknowledged.push({ repository, tag, ...image });
        if (acknowledged.length >= enough) reached.resolve();
      }
    });
    await Promise.race([reached.promise, Promise.all(clients)]);
    await wait(random.below(20));
    await server.kill();
    await Promise.all(clients);
  }
  assert.ok(acknowledged.length >= ROUNDS);
  const server = await startServer(context, root);
  for (const { repository, tag, manifest, blobs } of acknowledged) {
    const found = await fetch(`http://${server.address}/v2/${repository}/manifests/${tag}`);
    assert.equal(await found.text(), manifest, `${repository}:${tag}`);
    for (const blob of blobs) {
      const answer = await fetch(`http://${server.address}/v2/${repository}/blobs/${digestOf(blob)}`);
      assert.equal(await answer.text(), blob, `${repository}:${tag}`);
    }
  }
  assert.deepEqual(readdirSync(join(root, "temporary")), []);
  await server.kill();
});

function imageOf(text: string): { manifest: string; blobs: readonly string[] } {
  const blobs = [`{"about":${JSON.stringify(text)}}`, text.repeat(2000)] as const;
  const [config, layer] = blobs.map((blob) => described(digestOf(blob), blob.length));
  return { manifest: JSON.stringify(imageManifest({ config: config!, layers: [layer!] })), blobs };
}

/** Resolves when the registry has acknowledged all of it. */
async function push(address: string, repository: string, tag: string, { manifest, blobs }: { manifest: string; blobs: readonly string[] }): Promise<void> {
  const send = async (method: string, path: string, body: string, headers: Record<string, string> = {}): Promise<void> => {
    const answer = await fetch(`http://${address}/v2/${repository}/${path}`, { method, body, headers });
    await answer.arrayBuffer();
    assert.equal(answer.status, 201);
  };
  for (const blob of blobs) await send("POST", `blobs/uploads/?digest=${digestOf(blob)}`, blob);
  await send("PUT", `manifests/${tag}`, manifest, { "Content-Type": mediaType.ociManifest });
}

async function startServer(context: TestContext, root: string): Promise<{ address: string; kill(): Promise<void> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../support/registry-child.ts"), root], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = (): Promise<void> => {
    child.kill("SIGKILL");
    return exited;
  };
  context.after(kill);
  for await (const address of createInterface(child.stdout)) return { address, kill };
  throw new Error("the server ended before it was ready");
}
