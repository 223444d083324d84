import * as v from "valibot";
import { defaultSettings } from "../terms/settings.ts";
import { positive, size, span } from "./values.ts";

/** Bounds of requests, connections and time. */
export const limitsSection = v.pipe(
  v.strictObject({
    manifest: v.pipe(v.optional(v.pipe(size, v.minValue(4 * 1024 * 1024, "manifests of 4 MiB have to be taken (distribution-spec)"))), v.description(`Largest manifest; ${defaultSettings.manifestLimit / 2 ** 20}MiB`)),
    header: v.pipe(v.optional(v.pipe(size, v.minValue(8 * 1024, "tokens need 8 KiB at least"))), v.description(`Request line and headers together; ${defaultSettings.headerLimit / 1024}KiB`)),
    connections: v.pipe(v.optional(positive), v.description(`Connections at once; ${defaultSettings.connections}`)),
    uploads: v.pipe(v.optional(positive), v.description(`Uploads that are open at once; ${defaultSettings.uploads}`)),
    uploadsOfOne: v.pipe(v.optional(positive), v.description("How many of them one user may have, or one address where nobody logs in; a quarter of `uploads`")),
    chunkMinLength: v.pipe(v.optional(v.pipe(size, v.maxValue(64 * 1024 * 1024, "clients hold a chunk in memory: 64 MiB at most"))), v.description("Least length of the chunks of an upload, but for the last, which clients are told as `OCI-Chunk-Min-Length`; 0 for any. Uploads in one piece are not bound by it")),
    uploadExpiry: v.pipe(v.optional(span), v.description("An upload that nobody continues is removed after this time; 1h")),
    idle: v.pipe(v.optional(span), v.description("A connection on which nothing moves is dropped after this time; 60s")),
    sparse: v.pipe(v.optional(v.picklist(["nothing", "indexes", "manifests"])), v.description("What a manifest may name without the repository having it: `nothing`, the manifests of an index (`indexes`), or layers too (`manifests`)")),
  }),
  v.description("Bounds of requests, connections and time"),
);
