/** Whether there is a label `NAME`, or `NAME=VALUE` with that value. */
export function hasLabel(labels: Readonly<Record<string, string>> | null | undefined, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels ?? {}, name) && (equals < 0 || labels![name] === wanted.slice(equals + 1));
}
