import { isEqual, problem, toNumber, toSwitch, toText, toWhole, type Value } from "../value.ts";

/** Functions about numbers and truth. */
export const numberFunctions = {
  absolute: (number: Value) => Math.abs(toNumber(number)),
  add: (one: Value, other: Value) => toNumber(one) + toNumber(other),
  and: (one: Value, other: Value) => toSwitch(one) && toSwitch(other),
  ceil: (number: Value) => Math.ceil(toNumber(number)),
  divide: (one: Value, other: Value) => toNumber(one) / nonZero(other),
  equal: (one: Value, other: Value) => isEqual(one, other),
  floor: (number: Value) => Math.floor(toNumber(number)),
  greaterthan: (one: Value, other: Value) => toNumber(one) > toNumber(other),
  greaterthanorequalto: (one: Value, other: Value) => toNumber(one) >= toNumber(other),
  int: (number: Value) => Math.trunc(toNumber(number)),
  lessthan: (one: Value, other: Value) => toNumber(one) < toNumber(other),
  lessthanorequalto: (one: Value, other: Value) => toNumber(one) <= toNumber(other),
  log: (number: Value, base: Value) => Math.log(toNumber(number)) / Math.log(toNumber(base)),
  max: (...numbers: Value[]) => Math.max(...some(numbers)),
  min: (...numbers: Value[]) => Math.min(...some(numbers)),
  modulo: (one: Value, other: Value) => toNumber(one) % nonZero(other),
  multiply: (one: Value, other: Value) => toNumber(one) * toNumber(other),
  negate: (number: Value) => -toNumber(number),
  not: (value: Value) => !toSwitch(value),
  notequal: (one: Value, other: Value) => !isEqual(one, other),
  or: (one: Value, other: Value) => toSwitch(one) || toSwitch(other),
  parseint: (text: Value, base: Value) => parseWhole(toText(text), toWhole(base)),
  pow: (number: Value, power: Value) => toNumber(number) ** toNumber(power),
  signum: (number: Value) => Math.sign(toNumber(number)),
  subtract: (one: Value, other: Value) => toNumber(one) - toNumber(other),
} satisfies Record<string, (...args: never[]) => Value>;

function nonZero(value: Value): number {
  return toNumber(value) || problem("division by zero");
}

function some(numbers: readonly Value[]): number[] {
  return numbers.length === 0 ? problem("at least one number is needed") : numbers.map(toNumber);
}

function parseWhole(text: string, base: number): number {
  if (base < 2 || base > 36) problem("the base of parseint is between 2 and 36");
  const digits = "0123456789abcdefghijklmnopqrstuvwxyz".slice(0, base);
  const body = text.toLowerCase().replace(/^[+-]/, "");
  if (body === "" || [...body].some((digit) => !digits.includes(digit))) problem(`${JSON.stringify(text)} is no whole number of base ${base}`);
  return Number.parseInt(text, base);
}
