/**
 * What the API under /api/v1/ answers. Times are milliseconds since the epoch, sizes bytes as they are stored. The pages import this file,
 * and so it imports nothing.
 */
export interface SessionAnswer {
  /** Undefined for somebody who has not logged in. */
  readonly user?: string;
  readonly kind: "anonymous" | "user" | "robot";
  readonly groups: readonly string[];
  /** Whether names and passwords are known here; otherwise everybody may do everything. */
  readonly logins: boolean;
  /** The identity provider that people can log in at: `gitlab.example.com`. */
  readonly provider?: string;
  /** What references begin with, `registry.example.com:5000`. */
  readonly host: string;
  readonly version: string;
}

/** A part of a list; `next` is what `last` has to be for what follows. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
}

export interface RepositoryRow {
  readonly name: string;
  readonly tags: number;
  /** Its blobs, each counted once. */
  readonly size: number;
  readonly pushedAt?: number;
}

export interface TagRow {
  readonly tag: string;
  readonly digest: string;
  readonly mediaType: string;
  /** Everything that a pull of all platforms loads. */
  readonly size: number;
  readonly platforms: readonly string[];
  readonly pushedAt: number;
  readonly pushedBy?: string;
  readonly pulledAt?: number;
  readonly pulls: number;
  /** Signatures, SBOMs and whatever else refers to the image. */
  readonly referrers: number;
  readonly immutable: boolean;
  readonly signature: SignatureWord;
}

/** `valid`: what is demanded is met; `unchecked`: signatures that nothing is demanded of; `missing`: readers do not get it. */
export type SignatureWord = "valid" | "unchecked" | "none" | "missing";

export interface LayerRow {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  /** The step that made it, as the history says. */
  readonly createdBy?: string;
}

export interface HistoryRow {
  readonly created?: string;
  readonly createdBy: string;
  readonly comment?: string;
  /** Of the layer that the step made; undefined for a step that made none. */
  readonly size?: number;
}

export interface ImageAnswer {
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly tags: readonly string[];
  readonly artifactType?: string;
  readonly signature: SignatureWord;
  readonly annotations: Readonly<Record<string, string>>;
  /** Images of an index, with their platforms; empty for a single image. */
  readonly manifests: readonly { readonly digest: string; readonly platform: string; readonly size: number }[];
  readonly platform?: string;
  readonly created?: string;
  readonly layers: readonly LayerRow[];
  readonly history: readonly HistoryRow[];
  /** Settings such as `Entrypoint` and `Env PATH`, as texts. */
  readonly config: Readonly<Record<string, string>>;
}

export interface DiffAnswer {
  readonly platform?: string;
  readonly from: DiffSide;
  readonly to: DiffSide;
  readonly layers: readonly { readonly digest: string; readonly size: number; readonly in: "both" | "from" | "to"; readonly createdBy?: string }[];
  readonly config: readonly { readonly key: string; readonly from?: string; readonly to?: string }[];
}

export interface DiffSide {
  readonly reference: string;
  readonly digest: string;
  readonly size: number;
}

export interface ReferrerRow {
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A reason by its code, for pages in other languages than that of `reason`. */
export interface Because {
  readonly code: string;
  readonly values: Readonly<Record<string, string>>;
  /** Of the retention, the rule whose reason it is. */
  readonly rule?: string;
}

export interface AccessAnswer {
  readonly user: string;
  readonly repository: string;
  /** What else there is to know: the repository serves only what is signed. */
  readonly notes: readonly string[];
  /** Each of them by a code. */
  readonly whyNotes: readonly Because[];
  readonly rights: readonly { readonly right: string; readonly allowed: boolean; readonly reason: string; readonly why: Because }[];
}

export interface PlanAnswer {
  readonly repositories: readonly {
    readonly repository: string;
    /** Whether the caller may have it done. */
    readonly mayApply: boolean;
    readonly tags: readonly { readonly tag: string; readonly digest: string; readonly verdict: "keep" | "delete"; readonly reason: string; readonly why: readonly Because[] }[];
  }[];
  /** How long what goes can be restored, in milliseconds. */
  readonly trash: number;
  readonly next?: string;
}

export interface AppliedAnswer {
  readonly deleted: number;
  /** Tags that named something else meanwhile: they stay. */
  readonly changed: number;
}

export interface TrashRow {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly discardedAt: number;
  readonly expiresAt: number;
  readonly by?: string;
  readonly reason: string;
  /** The same by codes; empty for words of another version. */
  readonly why: readonly Because[];
  readonly mayRestore: boolean;
}

export interface AuditRow {
  readonly id: number;
  readonly at: number;
  readonly action: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly user?: string;
  readonly address?: string;
  /** What else is known of it: the robot's name, what the tag named before. */
  readonly detail?: Readonly<Record<string, string>>;
  /** The reason among that, by codes. */
  readonly why?: readonly Because[];
}

export interface UsageAnswer {
  /** The largest ones, by size. */
  readonly repositories: readonly RepositoryRow[];
  /** Of all that the caller sees; a blob that several have counts in each. */
  readonly size: number;
  readonly count: number;
  /** On the disk, where every blob is kept once; only for who sees everything. */
  readonly stored?: number;
}

export interface ReplicationRow {
  readonly direction: "to" | "from";
  readonly registry: string;
  readonly repositories: readonly string[];
  readonly copied: number;
  readonly deleted: number;
  readonly failed: number;
  readonly doneAt?: number;
  /** What fails at present, the newest last; `list`: the other registry does not say which repositories it has. */
  readonly problems: readonly { readonly what: string; readonly list?: true; readonly reason: string; readonly why: readonly Because[] }[];
}

/** A robot, or a personal token. */
export interface SecretRow {
  readonly name: string;
  /** The name that it logs in with: `robot$ci`, `alice`. */
  readonly login: string;
  /** What a robot may do besides its grants, and a token at most; undefined for nothing more, and for all that its user may do. */
  readonly role?: string;
  readonly repositories: readonly string[];
  readonly createdAt: number;
  /** Undefined for never. */
  readonly expiresAt?: number;
  readonly usedAt?: number;
  readonly state: "good" | "disabled" | "expired";
}

export interface SecretsAnswer {
  readonly items: readonly SecretRow[];
  readonly roles: readonly string[];
  readonly mayCreate: boolean;
}

/** The secret is told this once. */
export interface CreatedSecret extends SecretRow {
  readonly secret: string;
}
