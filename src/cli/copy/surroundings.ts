import { lazyClient, type ClientAccess, type ClientSource } from "../../build/lazy-client.ts";
import type { Location } from "../../carry/location.ts";
import type { Surroundings } from "../../carry/open-place.ts";
import { Arrivals } from "../../carry/places/arrivals.ts";
import type { OnProgress } from "../../std/progress.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";
import { withStore } from "../with-store.ts";

export interface CopyCall {
  /** To the registry that is read, and to the one that is written. */
  readonly access: { readonly source: ClientAccess; readonly target: ClientAccess };
  readonly io: Io;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** Does work on places, with what places of these kinds need: clients, and the store where one of them is in it. */
export async function withSurroundings<Result>(locations: readonly Location[], call: CopyCall, work: (around: Surroundings) => Promise<Result>): Promise<Result> {
  const inStore = locations.some(({ kind }) => kind === "store");
  return inStore ? withStore((store) => surround(store, call, work)) : surround(undefined, call, work);
}

async function surround<Result>(store: Store | undefined, { access, io, onProgress, signal }: CopyCall, work: (around: Surroundings) => Promise<Result>): Promise<Result> {
  await using reader = lazyClient(access.source);
  await using writer = lazyClient({ ...access.target, withoutMirrors: true, ...(store ? { journal: store.uploads } : {}) });
  return await work({
    cwd: io.cwd,
    reader: reader.get,
    writer: writer.get,
    arrivals: new Arrivals(),
    store: () => store!,
    portable: (opened, name) => packedImage(opened, name, { client: reader.get, onProgress, signal }),
    onChange: (message) => onProgress({ type: "warning", message }),
  });
}

/** Loaded for images of the store only: most copies need nothing of a build. */
async function packedImage(store: Store, name: string, options: { client: ClientSource; onProgress: OnProgress; signal: AbortSignal }): ReturnType<Surroundings["portable"]> {
  const [{ portableImage }, { portableIndex }, { GZIP }, { insideUserNamespace }] = await Promise.all([
    import("../../build/image-layers.ts"), import("../../build/portable-index.ts"), import("../../build/packing.ts"), import("../../linux/user-namespace.ts"),
  ]);
  const record = store.images.target(name);
  const access = { ...options, recordOwners: insideUserNamespace()?.mapped === "one", stepId: `pack ${name}` };
  if (record.index) {
    const { bytes } = (await portableIndex(store, record, access)).index;
    return { record, root: { bytes, mediaType: record.index.mediaType, digest: record.index.digest } };
  }
  const { manifestBytes: bytes, descriptor: { mediaType, digest } } = await portableImage(store, record, GZIP, access);
  return { record, root: { bytes, mediaType, digest } };
}
