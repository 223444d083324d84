import type { Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import type { TagFacts } from "../../retention/tag-facts.ts";
import type { DigestAlgorithm } from "./blob-storage.ts";
import type { PlacedObject, UploadPiece, UploadRecord } from "./object-records.ts";
import type { TagDetails } from "./overview.ts";
import type { Actor, RegistryAction, RegistryEvent, StoredManifest } from "./records.ts";
import type { SecretKind, SecretRecord, SecretScope } from "./secrets.ts";
import type { DiscardedTag } from "./trash.ts";

/** Rows as both drivers read them, and what they become. */

export interface ManifestRow {
  readonly digest: Digest;
  readonly media_type: string;
  readonly size: number;
  readonly subject: Digest | null;
  readonly artifact_type: string | null;
  readonly annotations: string | null;
  readonly config_digest: Digest | null;
  readonly bytes: Uint8Array;
}

export const MANIFEST_COLUMNS = "manifests.digest, media_type, size, subject, artifact_type, annotations, config_digest, bytes";

export function manifestOf(row: ManifestRow): StoredManifest {
  return {
    digest: row.digest,
    mediaType: row.media_type,
    size: row.size,
    bytes: row.bytes,
    ...(row.config_digest === null ? {} : { config: row.config_digest }),
    ...(row.subject === null ? {} : { subject: row.subject }),
    ...(row.artifact_type === null ? {} : { artifactType: row.artifact_type }),
    ...(row.annotations === null ? {} : { annotations: JSON.parse(row.annotations) as Record<string, string> }),
  };
}

export type ReferrerRow = Omit<ManifestRow, "subject" | "config_digest" | "bytes">;

export function descriptorOf(row: ReferrerRow): Descriptor {
  return {
    mediaType: row.media_type,
    digest: row.digest,
    size: row.size,
    ...(row.artifact_type === null ? {} : { artifactType: row.artifact_type }),
    ...(row.annotations === null ? {} : { annotations: JSON.parse(row.annotations) as Record<string, string> }),
  };
}

export interface EventRow {
  readonly id: number;
  readonly at: number;
  readonly action: RegistryAction;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: Digest | null;
  readonly user: string | null;
  readonly address: string | null;
  readonly agent: string | null;
  readonly detail: string | null;
}

/** An event that is being written. */
export interface NewEvent {
  readonly action: RegistryAction;
  readonly repository: string;
  readonly actor: Actor;
  readonly tag?: string;
  readonly digest?: Digest;
  readonly detail?: Readonly<Record<string, string>>;
}

/** Of a client's own name for itself. */
const LONGEST_AGENT = 500;

export function eventRow({ action, repository, actor, tag, digest, detail }: NewEvent, at: number): Omit<EventRow, "id"> {
  return {
    at, action, repository, tag: tag ?? null, digest: digest ?? null, user: actor.user ?? null, address: actor.address ?? null,
    agent: actor.agent?.slice(0, LONGEST_AGENT) ?? null, detail: detail ? JSON.stringify(detail) : null,
  };
}

export function eventOf({ id, at, action, repository, tag, digest, user, address, agent, detail }: EventRow): RegistryEvent {
  return {
    id, at, action, repository,
    tag: tag ?? undefined,
    digest: digest ?? undefined,
    user: user ?? undefined,
    address: address ?? undefined,
    agent: agent ?? undefined,
    detail: detail === null ? undefined : (JSON.parse(detail) as Record<string, string>),
  };
}

export interface SecretRow {
  readonly id: number;
  readonly kind: SecretKind;
  readonly owner: string;
  readonly name: string;
  readonly hash: string;
  readonly scope: string | null;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly disabled: number;
  readonly used_at: number | null;
  readonly person: string | null;
}

export function secretRecord({ id, kind, owner, name, hash, scope, created_at, expires_at, disabled, used_at, person }: SecretRow): SecretRecord {
  return {
    id, kind, owner, name, hash,
    scope: scope === null ? undefined : (JSON.parse(scope) as SecretScope),
    createdAt: created_at,
    expiresAt: expires_at ?? undefined,
    disabled: disabled === 1,
    usedAt: used_at ?? undefined,
    person: person ?? undefined,
  };
}

export interface FactsRow {
  readonly tag: string;
  readonly digest: Digest;
  readonly pushed_at: number;
  readonly pulled_at: number | null;
  readonly signed: number;
  readonly part_of: string | null;
}

export function factsOf({ tag, digest, pushed_at, pulled_at, signed, part_of }: FactsRow): TagFacts {
  return { tag, digest, pushedAt: pushed_at, pulledAt: pulled_at ?? undefined, signed: signed === 1, partOf: part_of ?? undefined };
}

export interface TrashRow {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly discarded_at: number;
  readonly expires_at: number;
  readonly discarded_by: string | null;
  readonly reason: string;
}

export function discardedOf({ discarded_at, expires_at, discarded_by, ...row }: TrashRow): DiscardedTag {
  return { ...row, discardedAt: discarded_at, expiresAt: expires_at, by: discarded_by ?? undefined };
}

export interface TagRow {
  readonly tag: string;
  readonly digest: Digest;
  readonly media_type: string;
  readonly pushed_at: number;
  readonly pushed_by: string | null;
  readonly pulled_at: number | null;
  readonly pulls: number;
  readonly referrers: number;
}

export function detailsOf({ media_type, pushed_at, pushed_by, pulled_at, ...row }: TagRow): TagDetails {
  return { ...row, mediaType: media_type, pushedAt: pushed_at, pushedBy: pushed_by ?? undefined, pulledAt: pulled_at ?? undefined };
}

/** An upload whose bytes lie in objects. */
export interface UploadRow {
  readonly id: string;
  readonly repository: string;
  readonly algorithm: DigestAlgorithm;
  readonly owner: string | null;
  readonly part_size: number;
  readonly object: string | null;
  readonly multipart: string | null;
  /** SQLite has 0 and 1. */
  readonly ended: number | boolean;
  readonly worker: string | null;
  readonly claimed_until: number;
}

export function uploadOf(row: UploadRow, pieces: readonly UploadPiece[]): UploadRecord {
  return {
    id: row.id, repository: row.repository, algorithm: row.algorithm, owner: row.owner ?? undefined, partSize: row.part_size,
    multipart: row.object === null || row.multipart === null ? undefined : { object: row.object, id: row.multipart },
    ended: Boolean(row.ended), pieces,
  };
}

/** Where the bytes of a blob lie. */
export interface PlacedRow {
  readonly digest: Digest;
  readonly object: string;
  readonly size: number;
  readonly placed_at: number;
}

export function placedOf({ digest, object, size, placed_at }: PlacedRow): PlacedObject {
  return { digest, name: object, size, placedAt: placed_at };
}
