import { goQuote } from "../dockerfile/go-quote.ts";
import { parseDirective } from "../dockerfile/directives.ts";
import { fault, isFault } from "../std/fault.ts";

/** Which rules run, and whether a finding fails the build. */
export interface CheckSettings {
  readonly skip: ReadonlySet<string> | "all";
  readonly experimental: ReadonlySet<string> | "all";
  readonly error: boolean;
}

const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

/**
 * Reads `skip=A,B;error=true;experimental=C`, the value of the directive `# check=` and of the build arg
 * BUILDKIT_DOCKERFILE_CHECK (BuildKit's ParseLintOptions).
 * @throws CHECK_OPTION
 */
export function parseCheckSettings(text: string, argument?: string): CheckSettings {
  const refuse = (word: string): never => { throw fault("CHECK_OPTION", { problem: `invalid check option ${goQuote(word)}`, ...(argument === undefined ? {} : { argument }) }); };
  let settings: CheckSettings = { skip: new Set(), experimental: new Set(), error: false };
  if (text.trim() === "") return settings;
  for (const part of splitIn(text.trim(), ";", 3)) {
    const equals = part.indexOf("=");
    if (equals < 0) refuse(part);
    const key = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (key === "skip" || key === "experimental") settings = { ...settings, [key]: namesOf(value) };
    else if (key === "error") settings = { ...settings, error: truth(value, part) };
    else refuse(key);
  }
  return settings;
}

/** The settings for one instruction: a comment `# check=…` above it adds to those of the file; one that makes no sense is passed over. */
export function withComments(settings: CheckSettings, comments: readonly string[]): CheckSettings {
  for (const comment of comments) {
    const directive = parseDirective(comment, "");
    if (directive?.name !== "check") continue;
    try {
      const own = parseCheckSettings(directive.value.split(" ", 1)[0]!);
      return { ...settings, skip: union(settings.skip, own.skip), experimental: union(settings.experimental, own.experimental) };
    } catch (error) {
      if (isFault(error, "CHECK_OPTION")) return settings;
      throw error;
    }
  }
  return settings;
}

/** Experimental rules are asked for by name; `skip` does not concern them. */
export function isOn({ skip, experimental }: CheckSettings, rule: { readonly name: string; readonly experimental?: boolean }): boolean {
  if (rule.experimental) return experimental === "all" || experimental.has(rule.name);
  return skip !== "all" && !skip.has(rule.name);
}

function namesOf(value: string): ReadonlySet<string> | "all" {
  return value === "all" ? "all" : new Set(value.split(",").map((name) => name.trim()));
}

function union(first: ReadonlySet<string> | "all", second: ReadonlySet<string> | "all"): ReadonlySet<string> | "all" {
  return first === "all" || second === "all" ? "all" : new Set([...first, ...second]);
}

function truth(value: string, part: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw fault("CHECK_OPTION", { problem: `failed to parse check option ${goQuote(part)}: strconv.ParseBool: parsing ${goQuote(value)}: invalid syntax` });
}

/** At most `most` parts; the last one keeps the rest, as with Go's SplitN. */
function splitIn(text: string, separator: string, most: number): string[] {
  const parts = text.split(separator);
  return parts.length <= most ? parts : [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}
