import { posix } from "node:path";
import { fault } from "../std/fault.ts";
import { compileGlob, isGlob } from "./ignore-pattern.ts";
import { trimSpace } from "./unicode.ts";

/** Decides which paths of a context are left out. Paths have `/` between names and none in front. */
export interface IgnoreMatcher {
  /** Whether the path is ignored: the last pattern that matches it, or a directory above it, decides. The root never is. */
  matches(path: string): boolean;
  /** Whether something below an ignored directory may be wanted again by a `!` pattern; if not, it need not be entered. */
  mayReinclude(directory: string): boolean;
  /** There are no patterns. */
  readonly empty: boolean;
}

/**
 * Patterns of a .dockerignore file, cleaned, in order. Lines with `#` in the first column are comments
 * (moby/patternmatcher, `ignorefile`).
 */
export function parseIgnoreFile(text: string): string[] {
  return text
    .replace(/^\ufeff/, "")
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map(trimSpace)
    .filter((line) => line !== "")
    .map((line) => (line.startsWith("!") ? `!${cleanPattern(trimSpace(line.slice(1)))}` : cleanPattern(line)));
}

/**
 * Prepares patterns for matching. They are tried in order, `!` takes back; case matters. A pattern that
 * matched a directory holds for all that is in it (fsutil's walk over moby/patternmatcher).
 *
 * @param options.strict what is below a directory is ignored where the last pattern that matches it or that directory says so, too:
 * `foo`, `!foo/bar`, `foo` leaves foo/bar in where fsutil filters a copy, but of a context BuildKit sends such a file without its bytes
 * @throws IGNORE_PATTERN
 */
export function compileIgnore(patterns: readonly string[], { strict = false }: { readonly strict?: boolean } = {}): IgnoreMatcher {
  const compiled = patterns.map(trimSpace).filter((pattern) => pattern !== "").map(compilePattern);
  const exceptions = compiled.filter(({ isException }) => isException).map(({ text }) => text.replace(/\/\*\*$/, "").replace(/\/\*$/, ""));
  const enterAll = exceptions.some(isGlob);
  const verdicts = [createJudge(compiled, false), ...(strict && exceptions.length > 0 ? [createJudge(compiled, true)] : [])];
  return {
    empty: compiled.length === 0,
    matches(path) {
      const name = plainPath(path);
      if (name === "" || compiled.length === 0) return false;
      return verdicts.some((verdictOf) => verdictOf(name).isIgnored);
    },
    mayReinclude(directory) {
      const prefix = `${plainPath(directory)}/`;
      return exceptions.length > 0 && (enterAll || prefix === "/" || exceptions.some((exception) => `${exception}/`.startsWith(prefix)));
    },
  };
}

interface Pattern {
  /** Without `!`. */
  readonly text: string;
  readonly isException: boolean;
  readonly test: (path: string) => boolean;
}

/** What became of a path, and which patterns hold for all that is below it. */
interface Verdict {
  readonly isIgnored: boolean;
  readonly matched: readonly boolean[];
}

/** @param tryAll whether patterns are tried that would not change the verdict: one that is not tried does not hold for what is below either */
function createJudge(patterns: readonly Pattern[], tryAll: boolean): (path: string) => Verdict {
  const directories = new Map<string, Verdict>();
  const judge = (path: string): Verdict => {
    const directory = parentOf(path);
    const parent = directory === "" ? undefined : verdictOf(directory);
    let isIgnored = false;
    const matched = patterns.map(({ isException, test }, index) => {
      const isMatch = parent?.matched[index] === true || ((tryAll || isException === isIgnored) && test(path));
      if (isMatch) isIgnored = !isException;
      return isMatch;
    });
    return { isIgnored, matched };
  };
  const verdictOf = (directory: string): Verdict => {
    const known = directories.get(directory);
    if (known) return known;
    const verdict = judge(directory);
    directories.set(directory, verdict);
    return verdict;
  };
  return judge;
}

function compilePattern(pattern: string): Pattern {
  const clean = cleanPath(pattern);
  const isException = clean.startsWith("!");
  const text = isException ? clean.slice(1) : clean;
  if (text === "") throw fault("IGNORE_PATTERN", { pattern, problem: 'illegal exclusion pattern: "!"' });
  const test = compileGlob(text);
  if (test === undefined) throw fault("IGNORE_PATTERN", { pattern, problem: "syntax error in pattern" });
  return { text, isException, test };
}

/** The shortest form of the path, relative to the context. */
function cleanPattern(pattern: string): string {
  if (pattern === "") return "";
  const clean = cleanPath(pattern);
  return clean.length > 1 && clean.startsWith("/") ? clean.slice(1) : clean;
}

/** Go's filepath.Clean. */
function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}

function plainPath(path: string): string {
  const clean = path === "" ? "" : cleanPath(path).replace(/^\//, "");
  return clean === "." ? "" : clean;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
