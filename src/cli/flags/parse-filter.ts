import { suggest } from "../../dockerfile/suggest.ts";
import { fault } from "../../std/fault.ts";

/** A filter as it was written, `label=team=blue`. */
export interface Filter<Key extends string> {
  readonly key: Key;
  readonly value: string;
}

/**
 * Reads `KEY=VALUE` of --filter as docker does: keys in any case, spaces around both left away.
 * @param keys those that the command knows @param options.example a filter, for hints
 * @throws USAGE, and what `options.refuse` throws for a key that is known elsewhere
 */
export function parseFilter<Key extends string>(text: string, keys: readonly Key[], { flag = "-f, --filter", example, refuse }: { flag?: string; example: string; refuse?: (key: string) => void }): Filter<Key> {
  const equals = text.indexOf("=");
  const key = text.slice(0, Math.max(0, equals)).trim().toLowerCase();
  if ((keys as readonly string[]).includes(key)) return { key: key as Key, value: text.slice(equals + 1).trim() };
  if (equals < 0) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${flag}`, hint: `it looks like KEY=VALUE, ${example}` });
  refuse?.(key);
  const near = suggest(key, keys);
  throw fault("USAGE", { problem: `invalid filter '${key}'`, hint: near ? `did you mean ${near}?` : `the filters are ${keys.join(", ")}` });
}
