import type { Actor } from "../storage/records.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { BoundedCache } from "../storage/bounded-cache.ts";
import type { ImmutableTags } from "../terms/immutable-tags.ts";
import type { CompiledRule } from "./proxy-rules.ts";
import type { Upstream } from "./upstream.ts";
import type { UpstreamState } from "./upstream-state.ts";

/** A rule with all that its requests need. */
export interface Proxied extends CompiledRule {
  readonly registry: Upstream;
  readonly state: UpstreamState;
}

/** What the parts of the mirror share. */
export interface MirrorContext {
  readonly storage: RegistryStorage;
  readonly immutable: ImmutableTags;
  /** What manifests that passed through say of blobs: sizes by `repository@digest`. */
  readonly sizes: BoundedCache<number>;
  readonly report: (problem: Error) => void;
}

/** What the log of changes calls the mirror. */
export const MIRROR: Actor = { user: "sampan:mirror", address: undefined, agent: undefined };
