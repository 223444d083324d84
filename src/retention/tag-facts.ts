import type { Digest } from "../oci/digest.ts";

/** What retention needs to know of a tag. Times in milliseconds since the epoch. */
export interface TagFacts {
  readonly tag: string;
  readonly digest: Digest;
  readonly pushedAt: number;
  readonly pulledAt?: number | undefined;
  /** Whether something refers to the image: a signature, an SBOM. */
  readonly signed: boolean;
  /** A tag of an index in the repository that holds the image. */
  readonly partOf?: string | undefined;
}
