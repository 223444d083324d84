/** Go's path.Match: `*` and `?` do not match `/`, `[a-z]` and `[^a]` are classes, a backslash takes a character as it is. */
export function matchPath(pattern: string, name: string): boolean {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!;
    if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) return false;
      source += `[${pattern.slice(at + 1, end).replace(/[\\[\]&|~]/g, "\\$&")}]`;
      at = end;
    } else {
      const literal = char === "\\" && at + 1 < pattern.length ? pattern[(at += 1)]! : char;
      source += literal.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    }
  }
  return new RegExp(`^${source}$`, "u").test(name);
}
