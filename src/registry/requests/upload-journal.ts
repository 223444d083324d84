import type { Digest } from "../../oci/digest.ts";
import type { Reference } from "../../oci/reference.ts";

/** Bytes: a smaller blob is sent again sooner than its upload is noted and found again. */
export const WORTH_NOTING = 1024 * 1024;

/**
 * Keeps the addresses of uploads beyond the end of the process, so that a later one can go on with them; the store has one.
 * An address may hold a token of the registry: it is to be kept from others, and not for long.
 */
export interface UploadJournal {
  note(place: Pick<Reference, "host" | "repository">, digest: Digest, location: string): void;
  /** Hands an address out, once; not that of an upload on which another living process works. */
  take(place: Pick<Reference, "host" | "repository">, digest: Digest): string | undefined;
  drop(place: Pick<Reference, "host" | "repository">, digest: Digest): void;
}
