import { cleanText } from "./clean-text.ts";

/** What /etc/os-release says. */
export interface Distribution {
  /** `debian`, `alpine` */
  readonly id: string;
  /** `12`, `3.20.1`; rolling ones have none. */
  readonly version: string;
  /** `Debian GNU/Linux 12 (bookworm)` */
  readonly name: string;
}

/** Reads os-release(5). @returns undefined where it names no distribution */
export function parseOsRelease(text: string): Distribution | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split("\n", 1000)) {
    const equals = line.indexOf("=");
    if (equals > 0) fields.set(line.slice(0, equals).trim(), unquote(line.slice(equals + 1).trim()));
  }
  const id = cleanText(fields.get("ID") ?? "").toLowerCase();
  if (!/^[a-z0-9._-]+$/.test(id)) return undefined;
  return { id, version: cleanText(fields.get("VERSION_ID") ?? ""), name: cleanText(fields.get("PRETTY_NAME") ?? fields.get("NAME") ?? id) };
}

/** Values are words of a shell: in quotes, or plain. */
function unquote(value: string): string {
  const quote = value[0];
  const quoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote);
  return (quoted ? value.slice(1, -1) : value).replace(/\\(["'$`\\])/g, "$1");
}

/** `debian-12`, as package URLs name it. */
export function distributionWord({ id, version }: Distribution): string {
  return version === "" ? id : `${id}-${version}`;
}
