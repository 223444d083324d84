import { isList, isMap, problem, toText, type Value, type ValueMap } from "./value.ts";

/**
 * Values of any type as values of one, as HCL finds it (cty's convert.Unify): where one is a text, all are; numbers and bools have
 * none in common. Lists of one length and maps of the same names agree place by place, others as a whole. Null has every type.
 * @throws BAKE_EXPRESSION
 */
export function unified(items: readonly Value[]): readonly Value[] {
  const present = items.filter((item) => item !== null);
  const one = present.every(isList) ? unifiedLists(present) : present.every(isMap) ? unifiedMaps(present) : unifiedPrimitives(present);
  const rest = one.values();
  return items.map((item) => (item === null ? null : rest.next().value!));
}

function unifiedPrimitives(items: readonly Value[]): readonly Value[] {
  const kinds = new Set(items.map((item) => typeof item));
  if (kinds.size <= 1 && !kinds.has("object")) return items;
  if (kinds.has("object") || !kinds.has("string")) problem("all of its elements must have the same type");
  return items.map(toText);
}

function unifiedLists(lists: readonly (readonly Value[])[]): readonly Value[] {
  const length = lists[0]?.length ?? 0;
  if (lists.some((list) => list.length !== length)) return split(unified(lists.flat()), lists);
  const columns = Array.from({ length }, (_none, place) => unified(lists.map((list) => list[place]!)));
  return lists.map((_list, row) => columns.map((column) => column[row]!));
}

function unifiedMaps(maps: readonly ValueMap[]): readonly Value[] {
  const names = Object.keys(maps[0] ?? {});
  const isSame = maps.every((map) => Object.keys(map).length === names.length && names.every((name) => Object.hasOwn(map, name)));
  const rows = maps.map((map) => (isSame ? names : Object.keys(map)).map((name) => map[name]!));
  const values = isSame ? unifiedLists(rows) : split(unified(rows.flat()), rows);
  return maps.map((map, row) => Object.fromEntries((isSame ? names : Object.keys(map)).map((name, place) => [name, (values[row] as readonly Value[])[place]!])));
}

/** Cuts a list into pieces as long as those that it was made of. */
function split(flat: readonly Value[], pieces: readonly (readonly Value[])[]): readonly Value[] {
  let at = 0;
  return pieces.map(({ length }) => flat.slice(at, (at += length)));
}
