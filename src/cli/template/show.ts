/**
 * A value as Go's fmt prints it with %v: lists as `[a b]`, maps as `map[a:1 b:2]` with sorted keys, structs as `{a b}`.
 * Here a Map is Go's map, a plain object a struct, null a nil pointer and undefined no value at all.
 */
export function show(value: unknown): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, member]): [string, string] => [show(key), show(member)]);
    return `map[${entries.sort(([a], [b]) => (a < b ? -1 : 1)).map((entry) => entry.join(":")).join(" ")}]`;
  }
  // Go's fmt.Stringer.
  if (typeof value === "object" && "String" in value && typeof value.String === "function") return String(value.String());
  if (typeof value === "object") return `{${Object.values(value).map(show).join(" ")}}`;
  return String(value);
}

/** The value as JSON, with Maps as objects whose keys are sorted, as Go's encoder does it. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_key, member: unknown) => (member instanceof Map ? sortedObject(member) : member), indent) ?? "null";
}

function sortedObject(map: Map<unknown, unknown>): Record<string, unknown> {
  return Object.fromEntries([...map].map(([key, member]): [string, unknown] => [show(key), member]).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Go's truth: false, 0, "", nil and empty lists and maps are false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return Boolean(value);
}

export function typeName(value: unknown): string {
  if (value === null || value === undefined) return "nil";
  if (Array.isArray(value)) return "list";
  if (value instanceof Map) return "map";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  return { string: "string", boolean: "bool", bigint: "int" }[typeof value as string] ?? "struct";
}
