import type { Reference } from "../../oci/reference.ts";

/** What a route is asked for: all of a reference, or a host alone. */
export type Destination = Pick<Reference, "host"> & Partial<Pick<Reference, "repository" | "tag" | "digest">>;
