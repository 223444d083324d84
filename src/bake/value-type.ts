import type { Expression } from "./hcl/expression.ts";
import { isEqual, isList, isMap, problem, toNumber, toSwitch, toText, typeName, type Value } from "./value.ts";

/** A value as a type wants it; what is deeper than lists and maps of primitives is taken as it is. @param name what messages call it */
export function ofType(name: string, type: string, value: Value): Value {
  if (value === null) return null;
  return named(name, type, () => {
    if (type === "string") return toText(value);
    if (type === "number") return toNumber(value);
    if (type === "bool") return typeof value === "string" ? readSwitch(value) : toSwitch(value);
    const [, outer, inner] = /^(list|set|map)\((.*)\)$/s.exec(type) ?? [];
    if (outer === "map") return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, ofType(name, inner!, item)])) : problem(`an object is required, not ${typeName(value)}`);
    if (outer === undefined) return value;
    const items = isList(value) ? value.map((item) => ofType(name, inner!, item)) : problem(`a list is required, not ${typeName(value)}`);
    return outer === "set" ? setOf(items) : items;
  });
}

/** Each once; primitives in their order, as HCL goes through sets. */
function setOf(items: readonly Value[]): Value[] {
  const set = items.filter((item, index) => items.findIndex((other) => isEqual(item, other)) === index);
  return set.every((item) => typeof item === "string" || typeof item === "number") ? set.sort((a, b) => (a < b ? -1 : 1)) : set;
}

/** Says which variable a problem is about, and what it was read as. */
export function named<Result>(name: string, type: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    return problem(`failed to parse ${name} as ${type}: ${(error as Error).message}`);
  }
}

/** Go's strconv.ParseBool. */
export function readSwitch(text: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(?:0|f|F|FALSE|false|False)$/.test(text) ? false : problem(`invalid syntax ${JSON.stringify(text)}`);
}

/** A type is written as an expression that is never evaluated. */
export function typeText(expression: Expression): string {
  switch (expression.kind) {
    case "template": return expression.parts.map(typeText).join("");
    case "literal": return String(expression.value ?? "");
    case "variable": return expression.name;
    case "call": return `${expression.name}(${expression.args.map(typeText).join(", ")})`;
    case "object": return `{${expression.entries.map(([key, value]) => `${typeText(key)}=${typeText(value)}`).join(", ")}}`;
    case "list": return `[${expression.items.map(typeText).join(", ")}]`;
    default: return problem("this is no type");
  }
}
