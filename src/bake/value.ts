import { fault } from "../std/fault.ts";

/** What an expression of a bake file is worth. Objects come from `Object.fromEntries`, so that no name is special. */
export type Value = string | number | boolean | null | readonly Value[] | ValueMap;

export interface ValueMap {
  readonly [name: string]: Value;
}

/** @throws BAKE_EXPRESSION */
export function problem(text: string): never {
  throw fault("BAKE_EXPRESSION", { problem: text });
}

export function isMap(value: Value): value is ValueMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** What messages call the type of a value. */
export function typeName(value: Value): string {
  if (value === null) return "null";
  if (isList(value)) return "list";
  if (typeof value === "object") return "object";
  return typeof value === "boolean" ? "bool" : typeof value;
}

export function toText(value: Value): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return problem(`a string is required, not ${typeName(value)}`);
}

export function toNumber(value: Value): number {
  if (typeof value === "number") return value;
  const number = typeof value === "string" && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : problem(`a number is required, not ${typeof value === "string" ? JSON.stringify(value) : typeName(value)}`);
}

export function toWhole(value: Value): number {
  const number = toNumber(value);
  return Number.isInteger(number) ? number : problem(`a whole number is required, not ${number}`);
}

export function toSwitch(value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  return problem(`a bool is required, not ${typeof value === "string" ? JSON.stringify(value) : typeName(value)}`);
}

export function toList(value: Value): readonly Value[] {
  return isList(value) ? value : problem(`a list is required, not ${typeName(value)}`);
}

export function toMap(value: Value): ValueMap {
  return isMap(value) ? value : problem(`an object is required, not ${typeName(value)}`);
}

/** Keys and values of a list or an object, in the order in which HCL goes through them. */
export function entriesOf(value: Value): (readonly [string | number, Value])[] {
  if (isList(value)) return value.map((item, index) => [index, item] as const);
  const map = toMap(value);
  return Object.keys(map).sort().map((key) => [key, map[key]!] as const);
}

/** Whether two values are the same, of the same type. */
export function isEqual(one: Value, other: Value): boolean {
  if (isList(one)) return isList(other) && one.length === other.length && one.every((item, index) => isEqual(item, other[index]!));
  if (isMap(one)) {
    const keys = Object.keys(one);
    return isMap(other) && keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && isEqual(one[key]!, other[key]!));
  }
  return one === other;
}
