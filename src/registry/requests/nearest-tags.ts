import { levenshtein } from "../../dockerfile/suggest.ts";

/** The tags that a person may have meant, the likeliest first; none where nothing is near. */
export function nearestTags(tag: string, tags: readonly string[], most = 3): string[] {
  return tags
    .map((candidate) => ({ candidate, distance: distanceOf(tag, candidate) }))
    .filter(({ distance }) => distance <= Math.max(1, Math.floor(tag.length / 3)))
    .sort((a, b) => a.distance - b.distance || b.candidate.localeCompare(a.candidate, "en", { numeric: true }))
    .slice(0, most)
    .map(({ candidate }) => candidate);
}

/** A few tags that show how they are named, the highest versions first. */
export function newestTags(tags: readonly string[], most = 3): string[] {
  return [...tags].sort((a, b) => b.localeCompare(a, "en", { numeric: true })).slice(0, most);
}

/** Changed characters, less for what people mix up: case, a `v` before a version, and how many of its parts are written. */
function distanceOf(tag: string, candidate: string): number {
  const [one, other] = [plain(tag), plain(candidate)];
  if (one === other) return 0;
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  if (long.startsWith(short) && /^[.-]/.test(long.slice(short.length))) return 0.5 + long.length / 1000;
  return levenshtein(one, other);
}

function plain(tag: string): string {
  return tag.toLowerCase().replace(/^v(?=\d)/, "");
}
