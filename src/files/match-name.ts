import { fault } from "../std/fault.ts";
import { compileParts, type PatternPart } from "../std/linear-pattern.ts";

/**
 * Whether one path component matches a pattern by the rules of Go's `filepath.Match`: `*`, `?`, `[a-z]`,
 * `[^a-z]`, `\x`. Dotfiles are no exception. Neither pattern nor name contains a slash.
 * @throws COPY_PATTERN_INVALID where Go gives ErrBadPattern
 */
export function matchName(pattern: string, name: string): boolean {
  return compileName(pattern)(name);
}

/** @throws COPY_PATTERN_INVALID */
export function checkPattern(pattern: string): void {
  compileName(pattern);
}

const compiled = new Map<string, (name: string) => boolean>();

function compileName(pattern: string): (name: string) => boolean {
  let found = compiled.get(pattern);
  if (found === undefined) {
    found = compileParts(translate(pattern));
    compiled.set(pattern, found);
  }
  return found;
}

/** Whether a path has a character that Go's `containsWildcards` takes for one: `*`, `?` or `[`, not after a backslash. */
export function hasWildcard(path: string): boolean {
  return /^(?:[^\\*?[]|\\.)*[*?[]/su.test(path);
}

function translate(pattern: string): PatternPart[] {
  const characters = [...pattern];
  const bad = (): never => { throw fault("COPY_PATTERN_INVALID", { pattern }); };
  let at = 0;
  const parts: PatternPart[] = [];
  while (at < characters.length) {
    const character = characters[at++]!;
    if (character === "*") parts.push({ kind: "many", source: "[^/]" });
    else if (character === "\\") {
      if (at >= characters.length) bad();
      parts.push({ kind: "one", source: literal(characters[at++]!) });
    } else parts.push({ kind: "one", source: character === "?" ? "[^/]" : character === "[" ? range() : literal(character) });
  }
  return parts;

  function range(): string {
    const negated = characters[at] === "^";
    if (negated) at += 1;
    const ranges: string[] = [];
    while (ranges.length === 0 || characters[at] !== "]") {
      const low = bound();
      let high = low;
      if (characters[at] === "-") {
        at += 1;
        high = bound();
      }
      // An empty range such as [z-a] is valid in Go and matches nothing.
      ranges.push(low.codePointAt(0)! <= high.codePointAt(0)! ? `${inClass(low)}-${inClass(high)}` : "");
    }
    at += 1;
    const inside = ranges.join("");
    if (inside === "") return negated ? "[^/]" : "(?!)";
    return negated ? `(?!/)[^${inside}]` : `(?!/)[${inside}]`;
  }

  /** Go's `getEsc`: one bound of a range. */
  function bound(): string {
    let character = characters[at++];
    if (character === undefined || character === "-" || character === "]") return bad();
    if (character === "\\") character = characters[at++];
    if (character === undefined || at >= characters.length) return bad();
    return character;
  }
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, "\\$&");
}

function inClass(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
