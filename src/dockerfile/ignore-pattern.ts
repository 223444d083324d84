import { isWellFormed } from "./glob-syntax.ts";
import { goRegExp } from "./go-regexp.ts";

/**
 * A test for one cleaned pattern, without `!`: the translation of moby/patternmatcher, which knows four kinds
 * (equal text, prefix before a final `**`, suffix behind a leading `**`, regular expression).
 * Undefined when the pattern is not well-formed.
 */
export function compileGlob(pattern: string): ((path: string) => boolean) | undefined {
  if (!isWellFormed(pattern)) return undefined;
  const { kind, expression } = translate(pattern);
  if (kind === "equal") return (path) => path === pattern;
  if (kind === "prefix") {
    const prefix = pattern.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  if (kind === "suffix") {
    const suffix = pattern.slice(2);
    return (path) => path.endsWith(suffix) || `/${path}` === suffix;
  }
  const regExp = goRegExp(`^${expression}$`);
  return regExp && ((path) => regExp.test(path));
}

/** Whether the pattern has anything but plain text. */
export function isGlob(pattern: string): boolean {
  return /[*[\]?^\\]/.test(pattern);
}

/** The pattern as a Go regular expression, and whether one is needed. */
function translate(pattern: string): { kind: "equal" | "prefix" | "suffix" | "expression"; expression: string } {
  const chars = [...pattern];
  let kind: ReturnType<typeof translate>["kind"] = "equal";
  let expression = "";
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at]!;
    if (char === "*" && chars[at + 1] === "*") {
      const isFirst = at === 0;
      at += chars[at + 2] === "/" ? 2 : 1;
      const isLast = at + 1 >= chars.length;
      expression += isLast ? ".*" : "(.*/)?";
      if (isFirst) kind = "suffix";
      else kind = isLast && kind === "equal" ? "prefix" : "expression";
    } else if (char === "\\") {
      expression += `\\${chars[(at += 1)] ?? ""}`;
      kind = "expression";
    } else if (char === "*" || char === "?") {
      expression += char === "*" ? "[^/]*" : "[^/]";
      kind = "expression";
    } else if (char === "[" || char === "]") {
      expression += char;
      kind = "expression";
    } else {
      expression += ".+()|{}$".includes(char) ? `\\${char}` : char;
    }
  }
  return { kind, expression };
}
