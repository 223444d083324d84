import { interpolate } from "./interpolate.ts";

/** The variables of an `.env` file: `NAME=value`, quotes as in a shell, `#` comments, `export` in front. Those that are known already fill in. */
export function readEnv(text: string, known: (name: string) => string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  const lookup = (name: string): string | undefined => known(name) ?? found.get(name);
  const line = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*[=:][ \t]*(?:'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|([^\n]*?))[ \t]*(?:#[^\n]*)?$/gm;
  for (const [, name, single, double, plain] of text.replace(/\r\n/g, "\n").matchAll(line)) {
    if (single !== undefined) found.set(name!, single);
    else if (double !== undefined) found.set(name!, interpolate(unescape(double), lookup));
    else found.set(name!, interpolate(plain!.replace(/\s+#.*$/, "").trim(), lookup));
  }
  return found;
}

function unescape(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_, letter: string) => (letter === "$" ? "$$" : { n: "\n", r: "\r", t: "\t" }[letter] ?? letter));
}
