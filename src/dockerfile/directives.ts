import { trimSpace, trimSpaceStart } from "./unicode.ts";

const KNOWN = ["syntax", "escape", "check"] as const;

export interface Directive {
  readonly name: (typeof KNOWN)[number];
  readonly value: string;
}

/**
 * Reads a directive line, `# name=value`; nothing when it is none, which ends the search for directives.
 * The line has no white space in front and no terminator.
 */
export function parseDirective(line: string, marker = "#"): Directive | undefined {
  if (!line.startsWith(marker)) return undefined;
  const text = trimSpace(line.slice(marker.length));
  const [, name = "", value = ""] = /^([a-zA-Z][a-zA-Z0-9]*)[\t\f\r ]*=[\t\f\r ]*([^\n]+)$/.exec(text) ?? [];
  const known = KNOWN.find((candidate) => candidate === name.toLowerCase());
  return known && { name: known, value };
}

/**
 * The frontend that a build file asks for, and the text behind the reference. It is written as `# syntax=…`,
 * as `// syntax=…` or as a member of a JSON object, behind an optional `#!` line (BuildKit's DetectSyntax).
 */
export function detectSyntax(source: string): { reference: string; commandLine: string } | undefined {
  const text = source.replace(/^\ufeff/, "").replace(/^#![^\n]*\n?/, "");
  const commandLine = findDirective(text, "syntax", "#") ?? findDirective(text, "syntax", "//");
  if (commandLine !== undefined) return { reference: commandLine.split(" ", 1)[0]!, commandLine };
  const json = syntaxOfJson(text);
  return json === undefined ? undefined : { reference: json, commandLine: json };
}

/** Value of a directive at the head of a text. */
export function findDirective(text: string, name: Directive["name"], marker = "#"): string | undefined {
  const seen = new Set<string>();
  for (const line of text.split("\n")) {
    const directive = parseDirective(line.replace(/\r$/, ""), marker);
    if (directive === undefined || seen.has(directive.name)) return undefined;
    if (directive.name === name) return directive.value;
    seen.add(directive.name);
  }
  return undefined;
}

function syntaxOfJson(text: string): string | undefined {
  if (!trimSpaceStart(text).startsWith("{")) return undefined;
  try {
    const object = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return typeof object["syntax"] === "string" ? object["syntax"] : undefined;
  } catch {
    return undefined;
  }
}
