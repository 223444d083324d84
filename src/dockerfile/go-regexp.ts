import { compileParts, type PatternPart } from "../std/linear-pattern.ts";

// ASCII sets that Go knows inside a class, such as [[:digit:]].
const NAMED_SETS: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z", alpha: "A-Za-z", ascii: "\\0-\\x7f", blank: "\\t ", cntrl: "\\0-\\x1f\\x7f", digit: "0-9", graph: "!-~",
  lower: "a-z", print: " -~", punct: "!-\\/:-@\\[-`{-~", space: "\\t\\n\\v\\f\\r ", upper: "A-Z", word: "0-9A-Za-z_", xdigit: "0-9A-Fa-f",
};

const DOT = "[^\\n]";
/** How patterns write any number of folders; no other group is known. */
const FOLDERS = "(.*/)?";

/**
 * A regular expression of Go for a whole text, `^…$`, as far as patterns are translated into them: literals, escapes
 * (always the character itself), classes, `.`, `*`, `(.*\/)?`, `^` within. Undefined when Go would refuse it.
 */
export function goRegExp(expression: string): { test(text: string): boolean } | undefined {
  const chars = [...expression];
  const parts: PatternPart[] = [];
  for (let at = 1; at < chars.length - 1; at += 1) {
    const char = chars[at]!;
    if (char === "*") {
      const last = parts.pop();
      if (last === undefined || !("source" in last)) return undefined;
      parts.push({ kind: "many", source: last.source });
    } else if (char === "(") {
      parts.push({ kind: "folders", source: DOT });
      at += FOLDERS.length - 1;
    } else if (char === "^") {
      parts.push({ kind: "start" });
    } else {
      const one = char === "[" ? readClass(chars, at) : { source: char === "." ? DOT : literal(char === "\\" ? (chars[at + 1] ?? "\\") : char), end: at + (char === "\\" ? 2 : 1) };
      if (one === undefined) return undefined;
      parts.push({ kind: "one", source: one.source });
      at = one.end - 1;
    }
  }
  try {
    return { test: compileParts(parts) };
  } catch {
    return undefined;
  }
}

/** The class that begins at `start`; a `]` right at its beginning is a member. */
function readClass(chars: readonly string[], start: number): { source: string; end: number } | undefined {
  let at = start + 1;
  let source = "[";
  if (chars[at] === "^") {
    source += "^";
    at += 1;
  }
  for (let isFirst = true; isFirst || chars[at] !== "]"; isFirst = false) {
    const named = readNamedSet(chars, at);
    if (named !== undefined) {
      if (NAMED_SETS[named.name] === undefined) return undefined;
      source += NAMED_SETS[named.name]!;
      at = named.end;
      continue;
    }
    const low = readMember(chars, at);
    if (low === undefined) return undefined;
    at = low.end;
    source += member(low.char);
    if (chars[at] !== "-" || chars[at + 1] === "]" || chars[at + 1] === undefined) continue;
    const high = readMember(chars, at + 1);
    if (high === undefined || high.char.codePointAt(0)! < low.char.codePointAt(0)!) return undefined;
    at = high.end;
    source += `-${member(high.char)}`;
  }
  return { source: `${source}]`, end: at + 1 };
}

function readNamedSet(chars: readonly string[], at: number): { name: string; end: number } | undefined {
  if (chars[at] !== "[" || chars[at + 1] !== ":") return undefined;
  const close = chars.findIndex((char, index) => index > at + 1 && char === ":" && chars[index + 1] === "]");
  return close < 0 ? undefined : { name: chars.slice(at + 2, close).join(""), end: close + 2 };
}

function readMember(chars: readonly string[], at: number): { char: string; end: number } | undefined {
  const isEscaped = chars[at] === "\\";
  const char = chars[isEscaped ? at + 1 : at];
  return char === undefined ? undefined : { char, end: at + (isEscaped ? 2 : 1) };
}

function literal(char: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

/** A character inside a class. */
function member(char: string): string {
  return char === "-" ? "\\-" : literal(char);
}
