import { resolve } from "node:path";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { formatRepository, parseReference } from "../oci/reference.ts";
import { writeOutput } from "../export/write-output.ts";
import { writeFolder, writeTar } from "../export/write-tree.ts";
import { writeDockerArchive, writeOciArchive } from "../image/write-archive.ts";
import type { OnProgress } from "../std/progress.ts";
import type { Store } from "../store/open-store.ts";
import type { BuildOutput } from "./build-options.ts";
import { ConvertedImage } from "./converted-image.ts";
import { portableImage, type LayerAccess } from "./image-layers.ts";
import type { PushAhead } from "./push-ahead.ts";
import { LazyBlobs } from "./lazy-blobs.ts";
import { packingOf } from "./outputs.ts";
import { pushFromStore, type Pushed } from "./transfer.ts";

export interface ExportOptions {
  readonly store: Store;
  readonly outputs: readonly BuildOutput[];
  /** Full references that the image gets. */
  readonly names: readonly string[];
  readonly imageId?: Digest;
  /** Whether that image was made by this build: no registry has its config yet. */
  readonly fresh: boolean;
  /** The target's top snapshot, for outputs that write the file system out. */
  readonly snapshot: () => Promise<string | undefined>;
  readonly access: Omit<LayerAccess, "stepId">;
  /** Layers that are on their way already. */
  readonly ahead: PushAhead;
  readonly cwd: string;
}

/** Writes every output that is more than the record in the store. @returns the manifest, where one was made. */
export async function exportResult(options: ExportOptions): Promise<{ manifest?: Descriptor }> {
  let manifest: Descriptor | undefined;
  for (const output of options.outputs) {
    if (output.type === "store") continue;
    const id = `output ${output.type}`;
    await reported(options.access.onProgress, id, describe(output), async () => {
      manifest = (await writeOne(output, { ...options.access, stepId: id }, options)) ?? manifest;
    });
  }
  return manifest ? { manifest } : {};
}

async function writeOne(output: BuildOutput, access: LayerAccess, { store, names, imageId, fresh, snapshot, ahead, cwd }: ExportOptions): Promise<Descriptor | undefined> {
  if (output.type === "tar" || output.type === "local") {
    const top = await snapshot();
    const lowers = top === undefined ? [] : store.snapshots.lowers(top);
    if (output.type === "local") await writeFolder(lowers, resolve(cwd, output.dest), access);
    else await writeOutput(output.dest, cwd, (stream) => writeTar(lowers, stream, { ...access, temporary: store.temporary }));
    return undefined;
  }
  const record = store.images.get(imageId!)!;
  const blobs = new LazyBlobs(store, access);
  const packing = packingOf(output);
  if (output.type === "registry") {
    const sent = new Set<string>();
    let pushed: Pushed | undefined;
    for (const reference of names.map((name) => parseReference(name))) {
      const repository = formatRepository(reference);
      pushed = await pushFromStore(store, await access.client(), record, reference, access, { ahead, blobs, packing, fresh: fresh && !sent.has(repository) });
      sent.add(repository);
    }
    return pushed?.manifest;
  }
  const portable = await portableImage(store, record, packing, access);
  using converted = packing.force ? await ConvertedImage.make(store, portable, packing, { ...access, believe: false }) : undefined;
  const image = converted?.image ?? portable;
  if (output.type === "oci" || output.type === "docker") {
    const write = output.type === "oci" ? writeOciArchive : writeDockerArchive;
    await writeOutput(output.dest, cwd, async (stream) => void (await write([{ image, names }], converted ?? blobs, stream, access.signal ? { signal: access.signal } : {})));
  }
  return image.descriptor;
}

function describe(output: BuildOutput): string {
  if (output.type === "registry") return "pushing to the registry";
  return "dest" in output ? `exporting to ${output.type} ${output.dest === "-" ? "on standard output" : output.dest}` : "exporting";
}

async function reported(onProgress: OnProgress, id: string, name: string, work: () => Promise<void>): Promise<void> {
  const step = { type: "step", id, name, started: Date.now() } as const;
  onProgress(step);
  try {
    await work();
    onProgress({ ...step, completed: Date.now() });
  } catch (error) {
    onProgress({ ...step, completed: Date.now(), error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
