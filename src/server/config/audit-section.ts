import * as v from "valibot";
import { file, span } from "./values.ts";

const WEEK = 7 * 24 * 3_600_000;

/** How long the log of changes stays in the database. */
export const auditSection = v.pipe(
  v.strictObject({
    keep: v.pipe(
      v.optional(v.pipe(span, v.check((time) => time === 0 || time >= WEEK, "webhooks may still want what is younger than 7d: write 7d or more, or 0 for ever")), "365d"),
      v.description("How long events stay in the database, 7d at least; 0 for ever. With each collection older ones go to files"),
    ),
    archive: v.pipe(v.optional(file), v.description("Folder of the files that older events are added to, `events-2026-11.jsonl`, as `registry audit --json` writes them; by default `audit` in the folder of the registry. Nothing removes these files")),
  }),
  v.description("The log of changes"),
);
