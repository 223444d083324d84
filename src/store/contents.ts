import type { Digest } from "../oci/digest.ts";
import type { Database } from "./database.ts";
import { STANDING } from "./image-parts.ts";

/** Something that takes room: a cache of RUN, a blob by its digest, a snapshot by its row's number, files that several snapshots have. */
export type Part = Digest | number | MountPart | FilesPart;

/** A cache of RUN by its number: `mount:12`. */
export type MountPart = `mount:${number}`;

/** Files that are hard-linked into several snapshots (COPY --link), by the number of the first one that had them: `files:12`. */
export type FilesPart = `files:${number}`;

/** An image that stands for itself, or an index with its images. */
export interface ImageEntry {
  readonly id: Digest;
  /** Whether it has a name or lies in a registry; without either docker calls it dangling. */
  readonly named: boolean;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly usedAt: number;
  /** What it needs: blobs of every form, and snapshots. */
  readonly parts: readonly Part[];
}

export interface RecordEntry {
  readonly key: Digest;
  readonly snapshot: number | null;
  readonly slot: string;
  readonly createdAt: number;
  readonly usedAt: number;
  /** Bytes in the database. */
  readonly bytes: number;
}

/** A cache of RUN. */
export interface MountEntry {
  readonly number: number;
  readonly name: string;
  readonly description: string;
  readonly size: number;
  readonly createdAt: number;
  readonly usedAt: number;
}

/** All that a store holds and what needs what, as it was at one moment. */
export interface Contents {
  readonly blobs: ReadonlyMap<Digest, { readonly size: number; readonly usedAt: number }>;
  readonly snapshots: ReadonlyMap<number, { readonly parent: number | null; readonly size: number; readonly files?: FilesPart | undefined; readonly parts: readonly Part[] }>;
  /** Their bytes, which snapshots with `files` have in common. */
  readonly linkedFiles: ReadonlyMap<FilesPart, number>;
  readonly images: readonly ImageEntry[];
  readonly records: readonly RecordEntry[];
  readonly mounts: ReadonlyMap<MountPart, MountEntry>;
  /** Blobs that are a packed copy of layers which every image that has them also has as a snapshot. */
  readonly spareBlobs: readonly Digest[];
  /** What living processes, mounts and containers use. */
  readonly inUse: { readonly images: ReadonlySet<Digest>; readonly parts: ReadonlySet<Part> };
}

/** Reads it; to be called in a transaction where it has to stay true. */
export function readContents(database: Database): Contents {
  const blobs = new Map(database.all<BlobRow>("SELECT digest, size, used_at AS usedAt FROM blob WHERE state = 1").map((row) => [row.digest, row]));
  const rows = database.all<SnapshotRow>("SELECT id, parent, size, diff_id AS diffId, chain_id AS chainId, coalesce(links, id) AS origin FROM snapshot WHERE state = 1");
  const layerBlobs = Map.groupBy(database.all<LayerBlobRow>("SELECT diff_id AS diffId, digest FROM layer_blob"), ({ diffId }) => diffId);
  const blobsOf = (diffId: Digest | null): Digest[] =>
    (diffId === null ? [] : (layerBlobs.get(diffId) ?? [])).map(({ digest }) => digest).filter((digest) => blobs.has(digest));
  const linked = new Map([...Map.groupBy(rows, ({ origin }) => origin)].filter(([, group]) => group.length > 1));
  const linkedFiles = new Map([...linked].map(([origin, group]): [FilesPart, number] => [`files:${origin}`, Math.max(...group.map(({ size }) => size ?? 0))]));
  const snapshots = new Map(rows.map(({ id, parent, size, diffId, origin }) => {
    const files: FilesPart | undefined = linked.has(origin) ? `files:${origin}` : undefined;
    return [id, { parent, size: size ?? 0, files, parts: [...(files === undefined ? [] : [files]), ...(parent === null ? [] : [parent]), ...blobsOf(diffId)] }];
  }));
  const byChain = Map.groupBy(rows.filter(({ chainId }) => chainId !== null), ({ chainId }) => chainId!);

  const layers = Map.groupBy(database.all<LayerRow>("SELECT image, diff_id AS diffId, chain_id AS chainId FROM image_layer ORDER BY image, position"), ({ image }) => image);
  const imageBlobs = Map.groupBy(database.all<{ image: Digest; digest: Digest }>("SELECT image, digest FROM image_blob"), ({ image }) => image);
  const partsOf = (image: Digest): Part[] => [...new Set<Part>([
    ...(imageBlobs.get(image) ?? []).map(({ digest }) => digest).filter((digest) => blobs.has(digest)),
    ...(layers.get(image) ?? []).flatMap(({ diffId, chainId }) => [...blobsOf(diffId), ...(byChain.get(chainId) ?? []).map(({ id }) => id)]),
  ])];
  const platforms = Map.groupBy(database.all<{ whole: Digest; image: Digest }>("SELECT index_id AS whole, image FROM image_part WHERE image IS NOT NULL"), ({ whole }) => whole);
  const images = database.all<Omit<ImageEntry, "parts" | "named"> & { named: number }>(IMAGES).map((row) => ({
    ...row, named: row.named === 1, parts: [...new Set([row.id, ...(platforms.get(row.id) ?? []).map(({ image }) => image)].flatMap(partsOf))],
  }));

  const needed = new Set([...imageBlobs.values()].flat().map(({ digest }) => digest));
  const onlyPacked = new Set([...layers.values()].flat().filter(({ chainId }) => !byChain.has(chainId)).map(({ diffId }) => diffId));
  const unpacked = new Set(rows.map(({ diffId }) => diffId));
  const spareBlobs = [...layerBlobs.values()].flat()
    .filter(({ diffId, digest }) => blobs.has(digest) && !needed.has(digest) && unpacked.has(diffId) && !onlyPacked.has(diffId))
    .map(({ digest }) => digest);
  return { blobs, snapshots, linkedFiles, images, records: database.all<RecordEntry>(RECORDS), mounts: readMounts(database), spareBlobs, inUse: readUses(database) };
}

function readMounts(database: Database): Contents["mounts"] {
  const rows = database.all<MountEntry>(`SELECT id AS number, name, description, coalesce(size, 0) AS size, created_at AS createdAt, used_at AS usedAt
    FROM cache_mount WHERE state = 1 ORDER BY id`);
  return new Map(rows.map((row) => [`mount:${row.number}`, row]));
}

function readUses(database: Database): Contents["inUse"] {
  const images = new Set<Digest>();
  const parts = new Set<Part>();
  for (const { kind, object } of database.all<{ kind: "image" | "snapshot" | "blob"; object: string }>(USES)) {
    if (kind === "image") images.add(object as Digest);
    else parts.add(kind === "snapshot" ? Number(object) : object as Digest);
  }
  for (const { mount } of database.all<{ mount: number }>("SELECT mount FROM cache_mount_use")) parts.add(`mount:${mount}`);
  return { images, parts };
}

interface BlobRow { readonly digest: Digest; readonly size: number; readonly usedAt: number }
interface SnapshotRow { readonly id: number; readonly parent: number | null; readonly size: number | null; readonly diffId: Digest | null; readonly chainId: Digest | null; readonly origin: number }
interface LayerBlobRow { readonly diffId: Digest; readonly digest: Digest }
interface LayerRow { readonly image: Digest; readonly diffId: Digest; readonly chainId: Digest }

const IMAGES = `
  SELECT id, created, used_at AS usedAt, EXISTS (SELECT 1 FROM image_name WHERE image = id)
    OR EXISTS (SELECT 1 FROM image_repo_digest WHERE image = id) AS named
  FROM image WHERE ${STANDING} ORDER BY id`;

const RECORDS = `
  SELECT key, snapshot, slot, created_at AS createdAt, used_at AS usedAt,
    octet_length(components) + coalesce(octet_length(files), 0) AS bytes
  FROM cache_record ORDER BY rowid`;

/**
 * An image that was removed while a process used it is kept whole until that process ends. An index is in use when one of its images is.
 */
const USES = `
  SELECT kind, object FROM lease_item
  UNION SELECT 'blob', digest FROM image_blob JOIN image ON image.id = image WHERE state = 2
    AND image IN (SELECT object FROM lease_item WHERE kind = 'image')
  UNION SELECT 'snapshot', CAST(parent AS TEXT) FROM snapshot WHERE state = 0 AND parent IS NOT NULL
  UNION SELECT 'image', image FROM container
  UNION SELECT 'snapshot', CAST(snapshot AS TEXT) FROM container WHERE snapshot IS NOT NULL
  UNION SELECT 'image', image FROM image_mount
  UNION SELECT 'snapshot', CAST(snapshot AS TEXT) FROM image_mount WHERE snapshot IS NOT NULL
  UNION SELECT 'image', index_id FROM image_part WHERE image IN (
    SELECT object FROM lease_item WHERE kind = 'image' UNION SELECT image FROM container UNION SELECT image FROM image_mount)`;
