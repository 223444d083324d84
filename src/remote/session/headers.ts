/** The metadata of a request of a worker: each name with all its values, as they were sent. */
export type Metadata = ReadonlyMap<string, readonly string[]>;

/**
 * Reads metadata from raw headers, in which names and values take turns; where `<name>-encoded` is true, the values
 * of `<name>` are form-url-encoded.
 */
export function readMetadata(raw: readonly string[]): Metadata {
  const found = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase();
    const values = found.get(name);
    if (values) values.push(raw[at + 1]!);
    else found.set(name, [raw[at + 1]!]);
  }
  for (const [name, values] of found) {
    if (/^(?:1|t|true)$/i.test(found.get(`${name}-encoded`)?.[0] ?? "")) found.set(name, values.map(decodeForm));
  }
  return found;
}

function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
