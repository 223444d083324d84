import { isYamlMap, type Yaml, type YamlMap } from "./yaml-map.ts";

/** A later definition over an earlier one: objects join, lists are appended without what is there, everything else is replaced; nothing (null) changes nothing. */
export function layOver(below: YamlMap, above: YamlMap): YamlMap {
  const result: Record<string, Yaml> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const before = Object.hasOwn(below, key) ? below[key]! : undefined;
    if (before !== undefined && isYamlMap(before) && isYamlMap(value)) result[key] = isValues(key) ? { ...before, ...value } : layOver(before, value);
    else if (Array.isArray(before) && Array.isArray(value)) result[key] = appended(before as readonly Yaml[], value as readonly Yaml[]);
    else if (value !== null || before === undefined) result[key] = value;
  }
  return Object.fromEntries(Object.entries(result));
}

/** Of names with values a name alone, which asks the environment, does replace what was there. */
function isValues(key: string): boolean {
  return ["args", "labels", "additional_contexts", "environment"].includes(key);
}

function appended(before: readonly Yaml[], after: readonly Yaml[]): Yaml[] {
  return [...new Map([...before, ...after].map((item) => [JSON.stringify(item), item])).values()];
}

/** A definition without what stands at some places. */
export function without(model: YamlMap, places: readonly (readonly string[])[]): YamlMap {
  return places.reduce(withoutOne, model);
}

function withoutOne(model: YamlMap, [key, ...rest]: readonly string[]): YamlMap {
  if (key === undefined || !Object.hasOwn(model, key)) return model;
  if (rest.length === 0) return Object.fromEntries(Object.entries(model).filter(([name]) => name !== key));
  const inner = model[key]!;
  return isYamlMap(inner) ? { ...model, [key]: withoutOne(inner, rest) } : model;
}
