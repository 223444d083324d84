import { compileParts, type PatternPart } from "./linear-pattern.ts";

/**
 * Go's path.Match: `*` and `?` do not match `/`, `[a-z]` and `[^a]` are classes, a backslash takes a character as it is.
 * What is no pattern matches nothing.
 */
export function matchPath(pattern: string, name: string): boolean {
  const parts: PatternPart[] = [];
  const chars = [...pattern];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at]!;
    if (char === "*") parts.push({ kind: "many", source: "[^/]" });
    else if (char === "?") parts.push({ kind: "one", source: "[^/]" });
    else if (char === "[") {
      const end = chars.indexOf("]", at + 2);
      if (end < 0) return false;
      parts.push({ kind: "one", source: `[${chars.slice(at + 1, end).join("").replace(/[\\[\]&|~]/g, "\\$&")}]` });
      at = end;
    } else {
      const taken = char === "\\" && at + 1 < chars.length ? chars[(at += 1)]! : char;
      parts.push({ kind: "one", source: taken.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&") });
    }
  }
  try {
    return compileParts(parts)(name);
  } catch {
    return false;
  }
}
