import { fault } from "../std/fault.ts";

/**
 * Whether one path component matches a pattern by the rules of Go's `filepath.Match`: `*`, `?`, `[a-z]`,
 * `[^a-z]`, `\x`. Dotfiles are no exception. Neither pattern nor name contains a slash.
 * @throws COPY_PATTERN_INVALID where Go gives ErrBadPattern
 */
export function matchName(pattern: string, name: string): boolean {
  return compileName(pattern).test(name);
}

/** @throws COPY_PATTERN_INVALID */
export function checkPattern(pattern: string): void {
  compileName(pattern);
}

const compiled = new Map<string, RegExp>();

function compileName(pattern: string): RegExp {
  let found = compiled.get(pattern);
  if (found === undefined) {
    found = new RegExp(`^${translate(pattern)}$`, "su");
    compiled.set(pattern, found);
  }
  return found;
}

/** Whether a path has a character that Go's `containsWildcards` takes for one: `*`, `?` or `[`, not after a backslash. */
export function hasWildcard(path: string): boolean {
  return /^(?:[^\\*?[]|\\.)*[*?[]/su.test(path);
}

function translate(pattern: string): string {
  const characters = [...pattern];
  const bad = (): never => { throw fault("COPY_PATTERN_INVALID", { pattern }); };
  let at = 0;
  let result = "";
  while (at < characters.length) {
    const character = characters[at++]!;
    if (character === "*") result += "[^/]*";
    else if (character === "?") result += "[^/]";
    else if (character === "\\") {
      if (at >= characters.length) bad();
      result += literal(characters[at++]!);
    } else if (character === "[") result += range();
    else result += literal(character);
  }
  return result;

  function range(): string {
    const negated = characters[at] === "^";
    if (negated) at += 1;
    const parts: string[] = [];
    while (parts.length === 0 || characters[at] !== "]") {
      const low = bound();
      let high = low;
      if (characters[at] === "-") {
        at += 1;
        high = bound();
      }
      // An empty range such as [z-a] is valid in Go and matches nothing.
      parts.push(low.codePointAt(0)! <= high.codePointAt(0)! ? `${inClass(low)}-${inClass(high)}` : "");
    }
    at += 1;
    const inside = parts.join("");
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
