import type { Digest } from "../../oci/digest.ts";
import { Semaphore } from "../../std/semaphore.ts";
import type { ArrivingBlob } from "../pull-through.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { receiveBlob } from "./arriving-blob.ts";
import { MIRROR, type MirrorContext, type Proxied } from "./proxied.ts";
import { createSingleFlight } from "./single-flight.ts";

/** Blobs that are fetched at once; more wait. */
const AT_ONCE = 32;

export interface MirroredBlobs {
  size(proxied: Proxied, repository: string, digest: Digest): Promise<number>;
  fetch(proxied: Proxied, repository: string, digest: Digest): Promise<ArrivingBlob>;
  /** Waits for what is on its way. */
  settle(): Promise<void>;
}

/** Blobs of repositories that come from elsewhere. */
export function mirroredBlobs(context: MirrorContext): MirroredBlobs {
  const { storage, sizes } = context;
  const lanes = new Semaphore(AT_ONCE);
  const arriving = new Map<string, Promise<ArrivingBlob>>();
  const running = new Set<Promise<void>>();
  const sizeFlight = createSingleFlight<number>();

  const open = async (proxied: Proxied, repository: string, digest: Digest): Promise<ArrivingBlob> => {
    const expected = sizes.get(`${repository}@${digest}`);
    // A manifest of the repository names it, and its bytes are here for another one.
    if (expected !== undefined && (await storage.blobs.size(digest)) === expected && (await storage.metadata.mountBlob(repository, digest, { actor: MIRROR }))) {
      return present(context, digest, expected);
    }
    return receiveBlob(storage, {
      repository, digest, host: proxied.upstream.host,
      open: () => proxied.state.ask(`${repository} ${digest}`, "BLOB_UNKNOWN", () => proxied.registry.blobGet(proxied.nameThere(repository), digest, { expected })),
    });
  };

  return {
    size: (proxied, repository, digest) =>
      sizeFlight(`${repository}@${digest}`, () =>
        proxied.state.ask(`${repository} ${digest}`, "BLOB_UNKNOWN", async () => {
          const size = await proxied.registry.blobHead(proxied.nameThere(repository), digest);
          if (size !== undefined) return size;
          const absent = new RegistryError("BLOB_UNKNOWN", `the registry behind this repository, ${proxied.upstream.host}, has no such blob`, { detail: { digest } });
          proxied.state.noteAbsent(`${repository} ${digest}`, absent);
          throw absent;
        }),
      ),

    fetch(proxied, repository, digest) {
      const key = `${repository}@${digest}`;
      const known = arriving.get(key);
      if (known) return known;
      const opened = Promise.withResolvers<ArrivingBlob>();
      const whole = lanes
        .run(async () => {
          const blob = await open(proxied, repository, digest);
          opened.resolve(blob);
          await blob.stored;
        })
        .catch(opened.reject)
        .finally(() => {
          arriving.delete(key);
          running.delete(whole);
        });
      arriving.set(key, opened.promise);
      running.add(whole);
      return opened.promise;
    },

    settle: async () => void (await Promise.all(running)),
  };
}

function present({ storage }: MirrorContext, digest: Digest, size: number): ArrivingBlob {
  return {
    size,
    stored: Promise.resolve(),
    async *read() {
      if (size > 0) yield* (await storage.blobs.read(digest, { start: 0, end: size - 1 })) ?? [];
    },
  };
}
