import * as v from "valibot";
import { span } from "./values.ts";

/** What the collector may take, and when. */
export const gcSection = v.pipe(
  v.strictObject({
    interval: v.pipe(v.optional(span, "1h"), v.description("How often the server looks for what nobody reaches; 0 for never")),
    grace: v.pipe(v.optional(span, "24h"), v.description("What was pushed, mounted or asked for within this time is left alone: longer than any push takes")),
    untagged: v.pipe(v.optional(v.boolean("it is neither true nor false"), false), v.description("Whether manifests go too that no tag leads to: images of an index and signatures stay with what they belong to")),
  }),
  v.description("Collection of what nobody reaches. It needs no downtime"),
);
