import type { Digest } from "../../oci/digest.ts";

/** Who changes something, from where: what the audit log says of it. */
export interface Actor {
  /** Undefined for somebody without a name. */
  readonly user: string | undefined;
  readonly address: string | undefined;
  readonly agent: string | undefined;
}

/** A manifest as its repository knows it; the fields after `size` matter for lists, retention and referrers. */
export interface ManifestRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** The config blob of an image manifest. */
  readonly config?: Digest;
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface StoredManifest extends ManifestRecord {
  readonly bytes: Uint8Array;
}

/** What a manifest names, besides its subject. */
export interface ManifestReferences {
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
}

/** What another registry, or an older form of this one, kept of a repository; `at` is when it was pushed there. */
export interface ImportedRepository {
  readonly name: string;
  readonly blobs: readonly { readonly digest: Digest; readonly size: number; readonly at: number }[];
  readonly manifests: readonly { readonly manifest: StoredManifest; readonly references: ManifestReferences; readonly at: number }[];
  readonly tags: readonly { readonly name: string; readonly digest: Digest; readonly at: number }[];
}

/** Every kind of change that the audit log knows; a row of it is written in the transaction of its change. */
export type RegistryAction =
  | "repository.create"
  | "repository.import"
  | "blob.push"
  | "blob.mount"
  | "blob.delete"
  | "manifest.push"
  | "manifest.delete"
  | "tag.create"
  | "tag.move"
  | "tag.delete"
  | "tag.restore"
  | "login.fail"
  | "access.deny"
  | `${"robot" | "token"}.${"create" | "disable" | "enable" | "delete"}`;

/** One change. Ids grow in the order of the transactions, and are never used twice. */
export interface RegistryEvent extends Actor {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: RegistryAction;
  /** Empty for changes of robots and personal tokens, and for logins. */
  readonly repository: string;
  /** The tag, where the change is one of a tag. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
  /** What the tag named before, the repository that a blob was mounted from … */
  readonly detail: Readonly<Record<string, string>> | undefined;
}

/** A part of a sorted list, and whether more follows. Never changed once it was given out: the same object means the same list. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  readonly more: boolean;
}

/** At most `limit` items, of those that come after `after`, whether that one exists or not. Without a limit: all. */
export interface ListRange {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}
