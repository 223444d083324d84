import { portableImage } from "../../build/image-layers.ts";
import { lazyClient, type ClientAccess } from "../../build/lazy-client.ts";
import { GZIP } from "../../build/packing.ts";
import type { Location } from "../../carry/location.ts";
import type { Surroundings } from "../../carry/open-place.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
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
  await using writer = lazyClient({ ...access.target, withoutMirrors: true });
  return await work({
    cwd: io.cwd,
    reader: reader.get,
    writer: writer.get,
    store: () => store!,
    portable: (opened, name) =>
      portableImage(opened, opened.images.find(name), GZIP, {
        client: reader.get, recordOwners: insideUserNamespace()?.mapped === "one", stepId: `pack ${name}`, onProgress, signal,
      }),
    onChange: (message) => onProgress({ type: "warning", message }),
  });
}
