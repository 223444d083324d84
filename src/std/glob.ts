import { compileParts, sourceOf, type PatternPart } from "./linear-pattern.ts";

/** So many patterns may one with braces stand for. */
const MOST = 64;

/** `{`, `,` and `}` as they are; the parts of a path pattern otherwise. */
type Token = "{" | "," | "}" | "/" | "**" | PatternPart;

/**
 * A test by a shell pattern: `*` and `?` stand for what has no slash, `**` as a whole component for any number of them, `{a,b}` for
 * one of several, `[a-z]` and `[!a-z]` for one character, a backslash takes a character as it is. `a/**` is `a` too.
 * Whatever the text is, it takes no longer than both are long, multiplied.
 * @throws SyntaxError that says what is wrong with the pattern
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const tests = writeOut(readTokens(pattern)).flatMap(endings).map((tokens) => compileParts(partsOf(tokens)));
  return (text) => tests.some((test) => test(text));
}

/** The same as regular expressions for whole texts, for programs that have their own; `any` is what these write for any character. */
export function globExpressions(pattern: string, { any }: { readonly any: string }): readonly string[] {
  return writeOut(readTokens(pattern)).flatMap(endings).map((tokens) => sourceOf(partsOf(tokens)).replaceAll("[^]", any));
}

/** What is wrong with a pattern; undefined for one that {@link compileGlob} takes. */
export function globProblem(pattern: string): string | undefined {
  try {
    compileGlob(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

function readTokens(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (const [found] of pattern.matchAll(/\\[^]|\[[^\]]*\]|\*+|[^]/gu)) {
    if (found === "{" || found === "," || found === "}" || found === "/") tokens.push(found);
    else if (found.startsWith("*")) tokens.push(found === "*" ? { kind: "many", source: "[^/]" } : "**");
    else if (found === "?") tokens.push({ kind: "one", source: "[^/]" });
    else if (found === "[" || found === "\\") throw new SyntaxError(`${found} has no end`);
    else if (found === "!") throw new SyntaxError("! takes nothing away: patterns say what is meant only");
    else if (/^[()|]$/.test(found)) throw new SyntaxError(`${found} means nothing: write {a,b} for one of several`);
    else tokens.push({ kind: "one", source: found.startsWith("[") ? classOf(found) : literal(found.startsWith("\\") ? found.slice(1) : found) });
  }
  return tokens;
}

function classOf(text: string): string {
  const [, negated, inside] = /^\[([!^]?)([A-Za-z0-9._-]+)\]$/.exec(text) ?? [];
  const source = `[${negated ? "^/" : ""}${inside}]`;
  try {
    if (inside !== undefined && new RegExp(source, "u")) return source;
  } catch {
    // A range that goes backwards.
  }
  throw new SyntaxError(`${text} is no list of characters such as [a-z0-9]`);
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, "\\$&");
}

/** Everything that braces stand for, without them. */
function writeOut(tokens: readonly Token[]): readonly Token[][] {
  let at = 0;
  const choices = (inBraces: boolean): Token[][] => {
    const before: Token[][] = [];
    let current: Token[][] = [[]];
    let commas = 0;
    for (; at < tokens.length && !(inBraces && tokens[at] === "}"); at += 1) {
      const token = tokens[at]!;
      if (token === "," && inBraces) {
        commas += 1;
        before.push(...current);
        current = [[]];
      } else if (token === "{") {
        at += 1;
        const inner = choices(true);
        if (current.length * inner.length > MOST) throw new SyntaxError(`its braces stand for more than ${MOST} patterns`);
        current = current.flatMap((start) => inner.map((end) => [...start, ...end]));
      } else if (token === "}") throw new SyntaxError("} has no beginning");
      else for (const each of current) each.push(token === "," ? { kind: "one", source: "," } : token);
    }
    if (inBraces && at === tokens.length) throw new SyntaxError("{ has no end");
    if (inBraces && commas === 0) throw new SyntaxError("braces hold several to choose from: {a,b}");
    return [...before, ...current];
  };
  return choices(false);
}

/** What `/**` at the end stands for may be nothing. */
function endings(tokens: Token[]): Token[][] {
  return tokens.length > 2 && tokens.at(-1) === "**" && tokens.at(-2) === "/" ? [tokens, ...endings(tokens.slice(0, -2))] : [tokens];
}

function partsOf(tokens: readonly Token[]): PatternPart[] {
  const parts: PatternPart[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]!;
    if (typeof token !== "string") parts.push(token);
    else if (token === "/") parts.push({ kind: "one", source: "\\/" });
    else if (at > 0 && tokens[at - 1] !== "/") parts.push({ kind: "many", source: "[^/]" });
    else if (at === tokens.length - 1) parts.push({ kind: "many", source: "[^]" });
    else if (tokens[at + 1] !== "/") parts.push({ kind: "many", source: "[^/]" });
    else {
      parts.push({ kind: "folders", source: "[^]" });
      at += 1;
    }
  }
  return parts;
}
