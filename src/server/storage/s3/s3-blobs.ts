import type { Digest } from "../../../oci/digest.ts";
import type { S3Session } from "../../../s3/s3-session.ts";
import type { BlobStorage } from "../blob-storage.ts";
import { createBoundedCache } from "../bounded-cache.ts";
import type { ObjectRecords, PlacedObject } from "../object-records.ts";
import { everyItem } from "../upkeep/every-item.ts";
import { listMultiparts, listObjects, objectSize, readObject, removeObject } from "./object-store.ts";

/** Blobs up to this size, image configs above all, are answered from memory. */
const SMALL = 64 * 1024;
const SMALL_CACHE = 4 * 1024 * 1024;
/** Digests whose places are remembered. */
const PLACES = 100_000;

export interface S3Blobs extends Omit<BlobStorage, "uploads"> {
  /** Something lies in another place now. */
  forget(digest: Digest): void;
}

/**
 * Blobs as objects whose places are in the records. Other servers may move or remove one: what is remembered here of a place is believed
 * until the service says that nothing is there.
 */
export function createS3Blobs(options: {
  readonly session: S3Session;
  readonly records: ObjectRecords;
  readonly prefix: string;
  readonly reap: () => Promise<void>;
  readonly redirect: { readonly seconds: number; readonly endpointUrl?: string } | undefined;
}): S3Blobs {
  const { session, records, prefix } = options;
  const places = new Map<Digest, PlacedObject>();
  const small = createBoundedCache<Uint8Array>(SMALL_CACHE);

  const forget = (digest: Digest): void => {
    places.delete(digest);
    small.delete(digest);
  };
  const lookUp = async (digest: Digest): Promise<PlacedObject | undefined> => {
    const place = await records.objectOf(digest);
    if (!place) return void forget(digest);
    if (places.size >= PLACES) places.delete(places.keys().next().value!);
    places.set(digest, place);
    return place;
  };
  const placeOf = async (digest: Digest): Promise<PlacedObject | undefined> => places.get(digest) ?? lookUp(digest);

  /** Asks the records again where nothing is in the place that is remembered. */
  const open = async (digest: Digest, { start, end }: { start: number; end: number }): Promise<AsyncIterable<Uint8Array> | undefined> => {
    for (let place = await placeOf(digest), before: string | undefined; place && place.name !== before; place = await lookUp(digest)) {
      if (place.size <= end) return undefined;
      const bytes = await readObject(session, place.name, { start, end, whole: place.size });
      if (bytes) return bytes;
      before = place.name;
      forget(digest);
    }
    return undefined;
  };

  return {
    forget,

    async size(digest, { fresh = false } = {}) {
      const place = await (fresh ? lookUp(digest) : placeOf(digest));
      return fresh && place ? objectSize(session, place.name) : place?.size;
    },

    async read(digest, range) {
      const place = await placeOf(digest);
      if (!place || place.size <= range.end) return undefined;
      if (range.end < range.start) return inTurn([]);
      if (place.size > SMALL) return open(digest, range);
      let bytes = small.get(digest);
      if (!bytes) {
        const found = await open(digest, { start: 0, end: place.size - 1 });
        if (!found) return undefined;
        const chunks: Uint8Array[] = [];
        for await (const chunk of found) chunks.push(chunk);
        small.set(digest, (bytes = Buffer.concat(chunks)), place.size);
      }
      return inTurn([bytes.subarray(range.start, range.end + 1)]);
    },

    // Where the bytes lie ends with their row; the object goes by its name, which nothing else will ever have.
    removal: (digest) => ({ takeAway: () => forget(digest), free: options.reap }),

    async *list() {
      for await (const { digest, size, placedAt } of everyItem((range) => records.objects(range), (item) => item.digest)) yield { digest, size, changed: placedAt };
    },

    ...(options.redirect ? {
      async link(digest: Digest) {
        const place = await placeOf(digest);
        return place && session.presigned(place.name, { ...options.redirect!, query: { "response-content-type": "application/octet-stream" } });
      },
    } : {}),

    async *strays() {
      const uploadOf = (name: string): string => name.slice(prefix.length).split("/", 1)[0]!;
      const strayOf = (object: { readonly name: string; readonly multipart: string | undefined }, size: number) => ({ name: object.name, size, remove: () => removeObject(session, object) });
      for await (const page of listObjects(session, prefix)) {
        const stray = new Set(await records.strayObjects(page.map(({ name }) => ({ name, upload: uploadOf(name) }))));
        for (const { name, size } of page) if (stray.has(name)) yield strayOf({ name, multipart: undefined }, size);
      }
      for await (const { name, multipart } of listMultiparts(session, prefix)) {
        if ((await records.strayObjects([{ name, upload: uploadOf(name) }])).length > 0) yield strayOf({ name, multipart }, 0);
      }
    },
  };
}

async function* inTurn(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* chunks;
}
