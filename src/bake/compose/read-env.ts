import { interpolate } from "./interpolate.ts";

/** The variables of an `.env` file: `NAME=value`, quotes as in a shell, `#` comments, `export` in front. Those that are known already fill in. */
export function readEnv(text: string, known: (name: string) => string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  const lookup = (name: string): string | undefined => known(name) ?? found.get(name);
  const line = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*[=:][ \t]*(?:'([^']*)'[ \t]*(?:#[^\n]*)?$|"((?:[^"\\]|\\[\s\S])*)"[ \t]*(?:#[^\n]*)?$|([^\n]*)$)/gm;
  for (const [, name, single, double, plain] of text.replace(/\r\n/g, "\n").matchAll(line)) {
    if (single !== undefined) found.set(name!, single);
    else found.set(name!, interpolate(double === undefined ? withoutComment(plain!) : unescape(double), lookup));
  }
  return found;
}

/** A comment has a space in front. */
function withoutComment(text: string): string {
  for (let at = text.indexOf("#"); at >= 0; at = text.indexOf("#", at + 1)) if (at === 0 || /\s/.test(text[at - 1]!)) return text.slice(0, at).trim();
  return text.trim();
}

function unescape(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_, letter: string) => (letter === "$" ? "$$" : { n: "\n", r: "\r", t: "\t" }[letter] ?? letter));
}
