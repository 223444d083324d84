import type { Codec } from "../oci/media-type.ts";

/** How the layers of an image are packed for a registry or an archive. */
export interface Packing {
  readonly codec: Codec;
  /** 1–9 for gzip, 1–22 for zstd; by default what layer/compress.ts holds to be best. */
  readonly level?: number;
  /** Whether layers that are packed in another way are converted; without it this is for layers that are packed now. */
  readonly force?: boolean;
}

/** What is asked for where nothing is said. */
export const GZIP: Packing = { codec: "gzip" };
