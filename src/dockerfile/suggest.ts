/**
 * The candidate that a person may have meant: the first one at the smallest Levenshtein distance below 3.
 * Nothing when a candidate is exactly the word, since then the word is not what is wrong.
 * Without regard to case, the suggestion takes the case of the word. Rule: BuildKit's util/suggest.
 */
export function suggest(word: string, candidates: Iterable<string>, options: { ignoreCase?: boolean } = {}): string | undefined {
  const fold = (text: string): string => (options.ignoreCase ? text.toLowerCase() : text);
  let best: string | undefined;
  let least = 3;
  for (const candidate of candidates) {
    const distance = levenshtein(fold(word), fold(candidate), least);
    if (distance === 0) return undefined;
    if (distance < least) {
      least = distance;
      best = options.ignoreCase ? matchCase(candidate.toLowerCase(), word) : candidate;
    }
  }
  return best;
}

/** Number of inserted, removed and changed characters between two texts; at least `limit` when there are so many. */
export function levenshtein(a: string, b: string, limit = Infinity): number {
  const from = [...a];
  const to = [...b];
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, char] of from.entries()) {
    const next = [i + 1];
    for (const [j, other] of to.entries()) {
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (char === other ? 0 : 1)));
    }
    row = next;
  }
  return Math.min(row[to.length]!, limit);
}

function matchCase(text: string, model: string): string {
  if (model === model.toLowerCase()) return text;
  return model === model.toUpperCase() ? text.toUpperCase() : text;
}
