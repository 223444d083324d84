import { entriesOf, isEqual, isList, isMap, problem, toList, toMap, toNumber, toText, toWhole, typeName, type Value, type ValueMap } from "../value.ts";

/** Functions about lists and objects. A set is a list whose values are all different. */
export const collectionFunctions = {
  chunklist: (list: Value, size: Value) => chunks(toList(list), toWhole(size)),
  coalesce: (...values: Value[]) => values.find((value) => value !== null) ?? problem("no argument of coalesce has a value"),
  coalescelist: (...lists: Value[]) => lists.find((list) => toList(list).length > 0) ?? problem("no list of coalescelist has elements"),
  compact: (list: Value) => toList(list).filter((item) => item !== null && item !== ""),
  concat: (...lists: Value[]) => lists.flatMap((list) => toList(list)),
  contains: (list: Value, wanted: Value) => toList(list).some((item) => isEqual(item, wanted)),
  distinct: (list: Value) => distinct(toList(list)),
  element: (list: Value, index: Value) => cyclic(toList(list), toWhole(index)),
  flatten: (list: Value) => flat(toList(list)),
  hasindex: (of: Value, key: Value) => (isMap(of) ? Object.hasOwn(of, toText(key)) : typeof key === "number" && toList(of)[key] !== undefined),
  index: (of: Value, key: Value) => indexed(of, key),
  indexof: (list: Value, wanted: Value) => {
    const at = toList(list).findIndex((item) => isEqual(item, wanted));
    return at < 0 ? problem("item not found") : at;
  },
  keys: (map: Value) => Object.keys(toMap(map)).sort(),
  length: (of: Value) => (isMap(of) ? Object.keys(of).length : toList(of).length),
  lookup: (map: Value, key: Value, otherwise: Value = null) => { const all = toMap(map); return Object.hasOwn(all, toText(key)) ? all[toText(key)]! : otherwise; },
  merge: (...maps: Value[]) => Object.fromEntries(maps.filter((map) => map !== null).flatMap((map) => Object.entries(toMap(map)))),
  range: (...bounds: Value[]) => range(bounds.map(toNumber)),
  reverselist: (list: Value) => [...toList(list)].reverse(),
  sethaselement: (list: Value, wanted: Value) => toList(list).some((item) => isEqual(item, wanted)),
  setintersection: (first: Value, ...rest: Value[]) => distinct(toList(first)).filter((item) => rest.every((list) => has(list, item))),
  setproduct: (...lists: Value[]) => product(lists.map(toList)),
  setsubtract: (one: Value, other: Value) => distinct(toList(one)).filter((item) => !has(other, item)),
  setsymmetricdifference: (...lists: Value[]) => lists.reduce<Value>((all, list) => [...distinct(toList(all)).filter((item) => !has(list, item)), ...distinct(toList(list)).filter((item) => !has(all, item))], []),
  setunion: (...lists: Value[]) => distinct(lists.flatMap((list) => toList(list))),
  slice: (list: Value, from: Value, to: Value) => part(toList(list), toWhole(from), toWhole(to)),
  sort: (list: Value) => toList(list).map(toText).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
  values: (map: Value) => entriesOf(toMap(map)).map(([, value]) => value),
  zipmap: (keys: Value, values: Value) => zip(toList(keys), toList(values)),
} satisfies Record<string, (...args: never[]) => Value>;

/** No expression needs more. */
const LIMIT = 100_000;

function has(list: Value, wanted: Value): boolean {
  return toList(list).some((item) => isEqual(item, wanted));
}

function distinct(list: readonly Value[]): Value[] {
  const result: Value[] = [];
  for (const item of list) if (!has(result, item)) result.push(item);
  return result;
}

function chunks(list: readonly Value[], size: number): Value[] {
  if (size < 0) problem("the size of chunks must not be negative");
  if (size === 0) return [list];
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
}

function cyclic(list: readonly Value[], index: number): Value {
  if (list.length === 0) problem("element() cannot be used with an empty list");
  return list[((index % list.length) + list.length) % list.length]!;
}

function flat(list: readonly Value[], depth = 0): Value[] {
  if (depth > 100) problem("the lists are nested too deeply");
  return list.flatMap((item) => (isList(item) ? flat(item, depth + 1) : [item]));
}

function indexed(of: Value, key: Value): Value {
  if (isMap(of) && Object.hasOwn(of, toText(key))) return of[toText(key)]!;
  const item = isList(of) ? of[toWhole(key)] : undefined;
  return item === undefined ? problem(`this ${typeName(of)} has no element ${JSON.stringify(key)}`) : item;
}

function part(list: readonly Value[], from: number, to: number): Value {
  if (from < 0 || to > list.length || from > to) problem(`the list has no part from ${from} to ${to}`);
  return list.slice(from, to);
}

function range(bounds: readonly number[]): Value[] {
  const [first = 0, last, given] = bounds;
  const [start, end] = last === undefined ? [0, first] : [first, last];
  const step = given ?? (end < start ? -1 : 1);
  if (step === 0 || (step > 0) !== (end >= start)) return start === end ? [] : problem("the step of range leads away from its end");
  const count = Math.ceil((end - start) / step);
  if (count > LIMIT) problem("range makes too many numbers");
  return Array.from({ length: count }, (_, index) => start + index * step);
}

function product(lists: readonly (readonly Value[])[]): Value[] {
  if (lists.reduce((count, list) => count * list.length, 1) > LIMIT) problem("setproduct makes too many elements");
  return lists.reduce<Value[][]>((all, list) => all.flatMap((head) => list.map((item) => [...head, item])), [[]]);
}

function zip(keys: readonly Value[], values: readonly Value[]): ValueMap {
  if (keys.length !== values.length) problem("zipmap needs as many values as keys");
  return Object.fromEntries(keys.map((key, index) => [toText(key), values[index]!]));
}
