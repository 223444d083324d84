import type { Reference } from "../../oci/reference.ts";
import type { WantedPlatforms } from "../choose-root.ts";

/** A repository to keep a copy of, as the file of `sampan sync` describes it. */
export interface SyncEntry {
  /** Where it stands in the file, for messages: `sync[0]`. */
  readonly place: string;
  readonly source: Reference;
  /** A repository, or a folder with an OCI layout. */
  readonly target: { readonly kind: "registry"; readonly reference: Reference } | { readonly kind: "oci"; readonly path: string };
  readonly choice: TagChoice;
  readonly platforms: WantedPlatforms;
  readonly referrers: boolean;
}

/** Which tags are wanted: those that match one of `tags` or `semver`, all where neither is given; without those of `exclude`. */
export interface TagChoice {
  /** Patterns with `*`, `?` and `[a-z]`. */
  readonly tags?: readonly string[];
  readonly exclude?: readonly string[];
  /** A range of versions. */
  readonly semver?: string;
  /** Of the versions among them only that many, the newest. */
  readonly latest?: number;
}
