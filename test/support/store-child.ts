import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../src/oci/digest.ts";
import { openStore } from "../../src/store/open-store.ts";
import { configBytes } from "./temporary-store.ts";

/**
 * A process that works on a store until it is killed or has done its rounds; `node store-child.ts ROOT MODE ROUNDS SEED`.
 * It prints a line when it is ready. The processes of a test write the same blobs, names and cache keys on purpose.
 */
const [root, mode, rounds, seed] = process.argv.slice(2) as [string, string, string, string];
const store = await openStore(root);
process.stdout.write("ready\n");
const die = (): void => void process.kill(process.pid, "SIGKILL");

if (mode === "die-while-writing-a-blob") {
  await store.blobs.write((async function* () {
    yield Buffer.alloc(3_000_000);
    yield Buffer.alloc(3_000_000);
    die();
  })());
} else if (mode === "die-with-active-snapshots") {
  const base = store.snapshots.commit(store.snapshots.prepare(), { createdAt: 1 });
  const active = store.snapshots.prepare(base.id);
  writeFileSync(join(active.upper, "half"), "x");
  die();
} else if (mode === "die-while-collecting") {
  for (let i = 0; i < 100; i += 1) store.blobs.writeBytes(Buffer.from(`garbage ${i}`));
  for (let i = 0; i < 10; i += 1) store.snapshots.commit(store.snapshots.prepare(), { createdAt: 1 });
  await store.close();
  const collector = await openStore(root);
  // The removal of the moved files happens behind the first await; what was marked and moved is done by then.
  void collector.collect();
  die();
} else if (mode === "hold") {
  const image = store.images.find("held:1");
  store.blobs.has(store.images.get(image.id)!.config.rootfs.diff_ids[0]!);
  process.stdout.write("holding\n");
  setInterval(() => {}, 1000);
} else {
  let state = Number(seed);
  const random = (limit: number): number => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
  for (let round = 0; round < Number(rounds); round += 1) {
    const number = random(12);
    const layer = Buffer.from(`layer ${number}`);
    const diffId = sha256(layer);
    switch (random(7)) {
      case 0:
        store.blobs.writeBytes(layer);
        store.layers.remember({ diffId, digest: diffId, size: layer.length, mediaType: "application/vnd.oci.image.layer.v1.tar", codec: "none" });
        break;
      case 1:
        await store.blobs.write((async function* () { yield layer; })(), { digest: diffId });
        break;
      case 2: {
        store.blobs.writeBytes(layer);
        store.images.put({ config: configBytes([diffId], { author: String(number) }), names: [`app${number}:1`] });
        break;
      }
      case 3: {
        const active = store.snapshots.prepare(store.snapshots.byChainId(diffId)?.id);
        writeFileSync(join(active.upper, "file"), layer);
        if (random(4) === 0) await store.snapshots.discard(active);
        else {
          const { id } = store.snapshots.commit(active, { createdAt: 1, size: layer.length, diffId, chainId: diffId });
          store.cache.save({ key: sha256(`key ${number}`), aliases: [], resultId: diffId, snapshot: id, slot: "slot", components: {}, createdAt: 1 });
        }
        break;
      }
      case 4: {
        const image = store.images.list()[0];
        if (image) store.images.remove(image.id);
        break;
      }
      case 5: {
        const record = store.cache.find(sha256(`key ${number}`));
        if (record?.snapshot && store.snapshots.get(record.snapshot) === undefined) throw new Error(`lost snapshot ${record.snapshot} while it was held`);
        if (store.blobs.has(diffId)) {
          const bytes = store.blobs.readBytes(diffId, 1000);
          if (sha256(bytes) !== diffId) throw new Error(`blob ${diffId} has other content`);
        }
        break;
      }
      default:
        await store.collect({ keepCache: random(3) > 0 });
    }
  }
  await store.close();
}
