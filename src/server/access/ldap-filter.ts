/** Text as the value of a filter (RFC 4515, 3): nothing of it can end the value or mean anything. */
export function escapeFilter(text: string): string {
  // Bytes beyond ASCII may stand as they are; those that a filter gives a meaning to may not.
  return text.replace(/[\\*()\0]/g, (char) => `\\${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A filter of the configuration with `{user}` and `{dn}` in their places. */
export function fillFilter(filter: string, values: Readonly<Record<string, string>>): string {
  return filter.replace(/\{(user|dn)\}/g, (whole, name: string) => (values[name] === undefined ? whole : escapeFilter(values[name])));
}
