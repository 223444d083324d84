import * as v from "valibot";
import { globProblem } from "../../std/glob.ts";
import { presetKeep } from "../../retention/retention-rule.ts";
import { oneOrMore, positive, repositories, span, word } from "./values.ts";

const tagPatterns = oneOrMore(v.pipe(word, v.check((text) => globProblem(text) === undefined, ({ input }) => `it is no pattern of tags: ${globProblem(input)}`)));

/** Nothing was pushed or pulled within no time: the rule would delete every tag. */
const someTime = v.pipe(span, v.minValue(1, "it is no time at all, and would keep nothing"));

const keep = v.pipe(
  v.strictObject({
    last: v.pipe(v.optional(positive), v.description("The images that were pushed last")),
    versions: v.pipe(v.optional(positive), v.description("The highest released versions, with the tags that lead to them (`1.2`, `1`) and variants that are not older (`1.2.3-alpine`); of tags that are dates (`20240115`, `2024-01-15`) as many of the newest")),
    allVersions: v.pipe(v.optional(v.boolean("it is neither true nor false")), v.description("Every tag that is a version or a date")),
    tags: v.pipe(v.optional(tagPatterns), v.description("Tags by name: `[latest, 'release-*']`")),
    pushedWithin: v.pipe(v.optional(someTime), v.description("What was pushed within this time")),
    pulledWithin: v.pipe(v.optional(someTime), v.description("What was pulled within this time")),
    signed: v.pipe(v.optional(v.boolean("it is neither true nor false")), v.description("What something refers to: a signature, an SBOM")),
  }),
  v.check((conditions) => Object.values(conditions).some((value) => value !== undefined && value !== false), "it keeps nothing: say what stays"),
);

const rule = v.pipe(
  v.strictObject({
    repositories: v.pipe(oneOrMore(repositories), v.description("Repositories that the rule is for")),
    tags: v.pipe(v.optional(tagPatterns), v.description("Tags that the rule speaks of; all by default. A tag that no rule speaks of stays")),
    preset: v.pipe(
      v.optional(v.pipe(word, v.check((name) => presetKeep(name) !== undefined, "there is no such preset: write last-3-versions, last-10-pushes or latest-and-versions"))),
      v.description("A whole rule in one word: `last-3-versions` (and `latest`), `last-10-pushes`, `latest-and-versions`; any number"),
    ),
    keep: v.pipe(v.optional(keep), v.description("What stays; one condition that holds is enough")),
  }),
  v.check(({ preset, keep: conditions }) => (preset === undefined) !== (conditions === undefined), "it needs either preset or keep"),
);

/** Which tags stay. */
export const retentionSection = v.pipe(
  v.strictObject({
    interval: v.pipe(v.optional(span, 0), v.description("How often the server applies the rules; 0 for only when `retention apply` is called")),
    trash: v.pipe(v.optional(span, "7d"), v.description("How long a tag that a rule, or replication, has deleted can be restored; 0 for not at all")),
    rules: v.pipe(v.optional(v.array(rule), []), v.description("Rules; a tag goes when a rule speaks of it and none of those keeps it")),
  }),
  v.description("Which tags stay, and which go"),
);

/** Tags that never change. */
export const immutableSection = v.pipe(
  v.array(v.strictObject({
    repositories: v.pipe(oneOrMore(repositories), v.description("Repositories")),
    tags: v.pipe(tagPatterns, v.description("Tags by name, with wildcards: `v*`")),
  })),
  v.description("Tags that nobody can move or delete once they are there"),
);
