import type { Expression } from "./hcl/expression.ts";
import { readType, type TypeConstraint } from "./type-constraint.ts";
import { unified } from "./unified.ts";
import { isEqual, problem, toList, toMap, toNumber, toSwitch, toText, type Value, type ValueMap } from "./value.ts";

/** A value as a type wants it. @param name what messages call it; `type` is one that {@link readType} takes */
export function ofType(name: string, type: string, value: Value): Value {
  const constraint = readType(type);
  return named(name, type, () => converted(constraint, value));
}

function converted(type: TypeConstraint, value: Value): Value {
  if (value === null) return null;
  switch (type.kind) {
    case "any": return value;
    case "string": return toText(value);
    case "number": return toNumber(value);
    case "bool": return toSwitch(value);
    case "list": return alike(type.of, toList(value).map((item) => converted(type.of, item)));
    case "set": return setOf(alike(type.of, toList(value).map((item) => converted(type.of, item))));
    case "map": {
      const map = toMap(value);
      const items = alike(type.of, Object.values(map).map((item) => converted(type.of, item)));
      return Object.fromEntries(Object.keys(map).map((key, index) => [key, items[index]!]));
    }
    case "tuple": {
      const items = toList(value);
      if (items.length !== type.items.length) problem(`a tuple of ${type.items.length} is required, not of ${items.length}`);
      return items.map((item, index) => converted(type.items[index]!, item));
    }
    case "object": return object(type.attributes, toMap(value));
  }
}

/** Attributes that are not named go, optional ones that are missing are null. */
function object(attributes: Extract<TypeConstraint, { kind: "object" }>["attributes"], value: ValueMap): Value {
  return Object.fromEntries([...attributes].map(([name, { type, optional }]) => {
    if (Object.hasOwn(value, name)) return [name, converted(type, value[name]!)];
    return optional ? [name, null] : problem(`attribute ${JSON.stringify(name)} is required`);
  }));
}

/** Items whose type leaves something open are of one type in the end. */
function alike(type: TypeConstraint, items: readonly Value[]): readonly Value[] {
  return isOpen(type) ? unified(items) : items;
}

function isOpen(type: TypeConstraint): boolean {
  switch (type.kind) {
    case "any": return true;
    case "list": case "set": case "map": return isOpen(type.of);
    case "tuple": return type.items.some(isOpen);
    case "object": return [...type.attributes.values()].some((attribute) => isOpen(attribute.type));
    default: return false;
  }
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

/**
 * A type is written as an expression that is never evaluated.
 * @throws BAKE_EXPRESSION where a part of it is written in quotes
 */
export function typeText(expression: Expression): string {
  // What the parser gives for an attribute is a template of it.
  return expression.kind === "template" ? expression.parts.map(partText).join("") : partText(expression);
}

function partText(expression: Expression): string {
  switch (expression.kind) {
    case "literal": return String(expression.value ?? "");
    case "variable": return expression.name;
    case "call": return `${expression.name}(${expression.args.map(partText).join(", ")})`;
    case "object": return `{${expression.entries.map(([key, value]) => `${partText(key)}=${partText(value)}`).join(", ")}}`;
    case "list": return `[${expression.items.map(partText).join(", ")}]`;
    case "template": return problem("a type and the names of its attributes are written without quotes, as object({name = string})");
    default: return problem("this is no type");
  }
}
