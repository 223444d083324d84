// Patterns of ${v#p}, ${v%p} and ${v/p/r}: `*` and `?` only, which never match a line feed.
// Matched by following all places in the pattern at once, so that no pattern can take exponential time.

type Token = "*" | "?" | { readonly char: string };

/** An escape in the pattern that means nothing; `message` is Go's text. */
export class PatternError extends Error {}

/** Removes the shortest (or longest) match at the beginning. */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  const chars = [...value];
  const end = matchEnd(parse(pattern), chars, 0, longest);
  return end === undefined ? value : chars.slice(end).join("");
}

/** Removes the shortest (or longest) match at the end. */
export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  const chars = [...value].reverse();
  const end = matchEnd(parse(pattern).reverse(), chars, 0, longest);
  return end === undefined ? value : chars.slice(end).reverse().join("");
}

/** Replaces the first match, as long as it gets, by the text as it stands. */
export function replaceFirst(value: string, pattern: string, replacement: string): string {
  const chars = [...value];
  const match = findMatch(parse(pattern), chars, 0);
  if (match === undefined) return value;
  return chars.slice(0, match.start).join("") + replacement + chars.slice(match.end).join("");
}

/**
 * Replaces all matches. Go does this one with a template: `$0` and `${0}` are the match, other references
 * are empty, `$$` is a dollar.
 */
export function replaceAll(value: string, pattern: string, replacement: string): string {
  const chars = [...value];
  const tokens = parse(pattern);
  let result = "";
  let copied = 0;
  let from = 0;
  while (from <= chars.length) {
    const match = findMatch(tokens, chars, from);
    if (match === undefined) break;
    result += chars.slice(copied, match.start).join("");
    // An empty match right behind another match is not replaced.
    if (match.end > copied || match.start === 0) result += fillTemplate(replacement, chars.slice(match.start, match.end).join(""));
    copied = match.end;
    from = Math.max(from + 1, match.end);
  }
  return result + chars.slice(copied).join("");
}

function fillTemplate(template: string, match: string): string {
  return template.replace(/\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu, (_, dollar?: string, bare?: string, braced?: string) =>
    dollar ?? ((bare ?? braced) === "0" ? match : ""));
}

/** `\*`, `\?` and `\\` are literal; `\}` and `\/` only hid the character from the scanner of `${…}`. */
function parse(pattern: string): Token[] {
  const chars = [...pattern];
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at]!;
    if (char === "*") {
      if (tokens.at(-1) !== "*") tokens.push("*");
    } else if (char === "?") {
      tokens.push("?");
    } else if (char !== "\\") {
      tokens.push({ char });
    } else if (chars[at + 1] !== "}" && chars[at + 1] !== "/") {
      const escaped = chars[(at += 1)] ?? "\ufffd";
      if (!"*?\\".includes(escaped)) throw new PatternError(`invalid escape '\\${escaped}'`);
      tokens.push({ char: escaped });
    }
  }
  return tokens;
}

/** Leftmost place where the pattern matches, and the longest match there. */
function findMatch(tokens: readonly Token[], chars: readonly string[], from: number): { start: number; end: number } | undefined {
  const start = leftmostStart(tokens, chars, from);
  return start === undefined ? undefined : { start, end: matchEnd(tokens, chars, start, true)! };
}

/** Where a match beginning at `start` ends. */
function matchEnd(tokens: readonly Token[], chars: readonly string[], start: number, longest: boolean): number | undefined {
  let places = new Map<number, number>();
  let end: number | undefined;
  enter(tokens, places, 0, start);
  for (let at = start; places.size > 0; at += 1) {
    if (places.has(tokens.length)) {
      end = at;
      if (!longest) break;
    }
    if (at === chars.length) break;
    places = step(tokens, places, chars[at]!);
  }
  return end;
}

function leftmostStart(tokens: readonly Token[], chars: readonly string[], from: number): number | undefined {
  let places = new Map<number, number>();
  let best: number | undefined;
  for (let at = from; ; at += 1) {
    if (best === undefined) enter(tokens, places, 0, at);
    const start = places.get(tokens.length);
    if (start !== undefined && (best === undefined || start < best)) best = start;
    // Only a match that begins further left could still win.
    if (best !== undefined) for (const [place, begun] of places) if (begun >= best) places.delete(place);
    if (at >= chars.length || (best !== undefined && places.size === 0)) return best;
    places = step(tokens, places, chars[at]!);
  }
}

/** Places after one more character, each with the earliest start that leads there. */
function step(tokens: readonly Token[], places: ReadonlyMap<number, number>, char: string): Map<number, number> {
  const next = new Map<number, number>();
  for (const [place, start] of places) {
    const token = tokens[place];
    if (token === undefined) continue;
    if (token === "*") {
      if (char !== "\n") enter(tokens, next, place, start);
    } else if (token === "?" ? char !== "\n" : token.char === char) {
      enter(tokens, next, place + 1, start);
    }
  }
  return next;
}

function enter(tokens: readonly Token[], places: Map<number, number>, place: number, start: number): void {
  const known = places.get(place);
  if (known !== undefined && known <= start) return;
  places.set(place, start);
  if (tokens[place] === "*") enter(tokens, places, place + 1, start);
}
