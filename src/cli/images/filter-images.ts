import type { ImageRecord, ImageStore } from "../../store/image-store.ts";
import { familiarReference, familiarRepository, parseReference } from "../../oci/reference.ts";
import { fault } from "../../std/fault.ts";
import { matchPath } from "../../std/match-path.ts";
import { hasLabel } from "../flags/has-label.ts";
import { parseFilter } from "../flags/parse-filter.ts";
import { parseMoment } from "./parse-moment.ts";

const KEYS = ["dangling", "label", "reference", "before", "since", "until"] as const;
type Key = (typeof KEYS)[number];

/**
 * The images that pass docker's filters. Filters of different keys must all pass; of several values of a key one is
 * enough, but for `label`, where all have to be there. With `reference`, names that do not match are left out.
 * @throws USAGE, IMAGE_NOT_FOUND for `before` and `since`
 */
export function filterImages(images: readonly ImageRecord[], filters: readonly string[], store: Pick<ImageStore, "target">, now: number): ImageRecord[] {
  const values = Map.groupBy(filters.map((text) => parseFilter(text, KEYS, { example: "dangling=true" })), ({ key }) => key);
  const of = (key: Key): string[] => (values.get(key) ?? []).map(({ value }) => value);
  const dangling = of("dangling").map((value) => parseBoolean(value));
  const labels = of("label");
  const before = of("before").map((name) => store.target(name).created);
  const since = of("since").map((name) => store.target(name).created);
  const until = of("until").map((value) => parseMoment(value, now));
  const patterns = of("reference");
  const passed = images.filter((image) =>
    dangling.every((wanted) => (image.names.length === 0 && image.repoDigests.length === 0) === wanted) &&
    labels.every((label) => hasLabel(image.config.config?.Labels, label)) &&
    (before.length === 0 || before.some((moment) => image.created < moment)) &&
    (since.length === 0 || since.some((moment) => image.created > moment)) &&
    (until.length === 0 || until.some((moment) => image.created < moment)));
  return patterns.length === 0 ? passed : passed.flatMap((image) => withMatchingNames(image, patterns));
}

function parseBoolean(value: string): boolean {
  if (/^(?:true|1)$/i.test(value)) return true;
  if (/^(?:false|0)$/i.test(value)) return false;
  throw fault("USAGE", { problem: `invalid filter 'dangling=${value}'`, hint: "it is true or false" });
}

function withMatchingNames(image: ImageRecord, patterns: readonly string[]): ImageRecord[] {
  const matches = (name: string): boolean => {
    const reference = parseReference(name, { implicitTag: false });
    const spellings = [familiarReference(reference), familiarRepository(reference)];
    return patterns.some((pattern) => spellings.some((spelling) => matchPath(pattern, spelling)));
  };
  const names = image.names.filter(matches);
  const repoDigests = image.repoDigests.filter(matches);
  return names.length === 0 && repoDigests.length === 0 ? [] : [{ ...image, names, repoDigests }];
}
