import { suggest } from "../../dockerfile/suggest.ts";
import { fault } from "../../std/fault.ts";
import { hasLabel } from "../flags/has-label.ts";
import { parseFilter } from "../flags/parse-filter.ts";
import { parseMoment } from "../images/parse-moment.ts";

/** What --filter says to a prune. */
export interface PruneFilters {
  /** Only what is older, in milliseconds since the epoch. */
  readonly until?: number | undefined;
  /** Kinds of build cache, by the names that docker has for them; undefined is all. */
  readonly types?: ReadonlySet<string> | undefined;
  /** Whether the labels of an image or a container let it go. */
  readonly labels: (labels: Readonly<Record<string, string>> | null | undefined) => boolean;
}

/**
 * Reads `until=TIME`, `label=NAME[=VALUE]` and `label!=NAME[=VALUE]`; labels have to be there all, or none of them.
 * @param known the filters that the command has
 * @throws USAGE, NOT_SUPPORTED
 */
export function pruneFilters(words: readonly string[], known: readonly ("until" | "label" | "label!" | "unused-for" | "type")[], now: number): PruneFilters {
  const values = Map.groupBy(words.map((word) => parseFilter<string>(word, known, { flag: "--filter", example: "until=24h", refuse })), ({ key }) => key);
  const of = (key: string): string[] => (values.get(key) ?? []).map(({ value }) => value);
  const moments = [...of("until"), ...of("unused-for")];
  if (moments.length > 1) throw fault("USAGE", { problem: "more than one until filter was given" });
  return {
    types: of("type").length === 0 ? undefined : new Set(of("type").map(cacheType)),
    until: moments[0] === undefined ? undefined : parseMoment(moments[0], now),
    labels: (labels) => of("label").every((label) => hasLabel(labels, label)) && !of("label!").some((label) => hasLabel(labels, label)),
  };
}

/** Docker's tools know these of build cache; here they would have no meaning. */
const REFUSED: ReadonlySet<string> = new Set(["id", "parents", "description", "inuse", "shared", "private", "mutable", "immutable"]);

const CACHE_TYPES = ["regular", "exec.cachemount"];

/** The other kinds that docker knows are empty here: contexts and Dockerfiles are read where they stand. */
function cacheType(name: string): string {
  if ([...CACHE_TYPES, "internal", "frontend", "source.local", "source.git.checkout"].includes(name)) return name;
  const near = suggest(name, CACHE_TYPES);
  throw fault("USAGE", { problem: `invalid filter 'type=${name}'`, hint: near ? `did you mean ${near}?` : `the types are ${CACHE_TYPES.join(", ")}` });
}

function refuse(key: string): void {
  if (REFUSED.has(key)) throw fault("NOT_SUPPORTED", { feature: `the filter ${key}` });
}
