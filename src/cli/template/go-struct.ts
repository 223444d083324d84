/** Go's struct with `omitempty` members and members that are nil when empty; templates see all of them. */
export function goStruct(fields: Record<string, unknown>, { leftOut = [], nulled = [] }: { leftOut?: readonly string[]; nulled?: readonly string[] }): Record<string, unknown> {
  const toJSON = (): Record<string, unknown> => Object.fromEntries(Object.entries(fields)
    .filter(([name, value]) => !(leftOut.includes(name) && isEmpty(value)))
    .map(([name, value]) => [name, nulled.includes(name) && isEmpty(value) ? null : value]));
  return Object.defineProperty({ ...fields }, "toJSON", { value: toJSON, enumerable: false });
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value instanceof Map ? value.size === 0 : !value;
}
