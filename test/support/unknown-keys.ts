/**
 * What a validator of known fields never looks at is a field that it does not know: a misspelt one, which it takes for none.
 * @param validate reads the value and throws when it is wrong
 * @returns paths such as `spec.replicaz`
 */
export function unknownKeys(value: object, validate: (value: object) => void): string[] {
  const read = new Set<string>();
  const watch = (part: object, path: string): object =>
    new Proxy(part, {
      get(target, key, receiver) {
        const found = Reflect.get(target, key, receiver) as unknown;
        if (typeof key !== "string") return found;
        read.add(`${path}${key}`);
        return typeof found === "object" && found !== null ? watch(found, `${path}${key}.`) : found;
      },
    });
  validate(watch(value, ""));
  const missed = (part: unknown, path: string): string[] =>
    typeof part !== "object" || part === null ? [] : Object.entries(part).flatMap(([key, inner]) => (read.has(`${path}${key}`) ? missed(inner, `${path}${key}.`) : [`${path}${key}`]));
  return missed(value, "");
}
