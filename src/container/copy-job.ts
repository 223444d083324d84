import type { PlainError } from "../std/plain-error.ts";
import type { Copied } from "./copy-place.ts";
import type { CopySource } from "./copy-source.ts";

/** What a process that copies into or out of a container is told (copy-entry.ts); a tar archive goes through its standard streams. */
export type CopyJob = {
  /** Whether its root is to be the folder that it has as descriptor 4: that of a container which runs. */
  readonly enter: boolean;
} & (
  | ({ readonly kind: "pack"; readonly as: "own name" | typeof ROOT_NAME } & CopySource)
  | {
    readonly kind: "unpack"; readonly layers: readonly string[];
    /** Where it goes, `/srv/app/`, and what messages call that. */
    readonly path: string; readonly place: string;
    /** None: an archive that somebody made, whose entries go into the directory with their names. */
    readonly copied?: Copied;
    readonly owners: boolean; readonly recordOwners: boolean;
  }
);

/** The uppermost name in archives that go between two ends of a copy, of which the second one knows the real name. */
export const ROOT_NAME = "_";

/** What it says, a line each. */
export type CopyReport =
  /** It knows what is copied or where to, and goes on to do it. */
  | { readonly found: Copied | null }
  | { readonly done: true }
  | { readonly failed: PlainError };
