import * as v from "valibot";
import { count, oneOrMore, repositories, size } from "./values.ts";

const rule = v.pipe(
  v.strictObject({
    repositories: v.pipe(oneOrMore(repositories), v.description("The repositories that share the quota: `team/**`")),
    bytes: v.pipe(v.optional(size), v.description("Size of their blobs; one that several of them have counts once")),
    tags: v.pipe(v.optional(count), v.description("Their tags together")),
  }),
  v.check(({ bytes, tags }) => bytes !== undefined || tags !== undefined, "it needs bytes or tags"),
);

/** How much pushes may bring. */
export const quotaSection = v.pipe(v.array(rule), v.description("How much repositories may hold together; every quota that covers a repository counts"));

export type QuotaRule = v.InferOutput<typeof rule>;
