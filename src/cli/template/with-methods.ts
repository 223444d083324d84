/** What a template calls with arguments, as in `{{.Label "team"}}`. */
export type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** A copy of a row that templates can call methods of; in JSON, and in lists of its fields, they do not show. */
export function withMethods<Row extends object>(row: Row, methods: Methods): Row {
  const members = Object.entries(methods).map(([name, value]) => [name, { value, enumerable: false }] as const);
  return Object.defineProperties({ ...row }, Object.fromEntries(members));
}
