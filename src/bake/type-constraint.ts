import { problem } from "./value.ts";

/** What a value of a variable has to be. */
export type TypeConstraint =
  | { readonly kind: "string" | "number" | "bool" | "any" }
  | { readonly kind: "list" | "set" | "map"; readonly of: TypeConstraint }
  | { readonly kind: "tuple"; readonly items: readonly TypeConstraint[] }
  | { readonly kind: "object"; readonly attributes: ReadonlyMap<string, { readonly type: TypeConstraint; readonly optional: boolean }> };

interface Cursor { readonly text: string; at: number }

/** Types within types; nobody writes more, and the stack has an end. */
const DEEPEST = 50;

/**
 * Reads a type of HCL's type expressions: `list(string)`, `object({a=string, b=optional(number)})`.
 * @throws BAKE_EXPRESSION
 */
export function readType(text: string): TypeConstraint {
  const cursor: Cursor = { text, at: 0 };
  const type = typeAt(cursor, 0);
  if (skipSpace(cursor) < text.length) problem(`${JSON.stringify(text)} is no type`);
  return type;
}

function typeAt(cursor: Cursor, depth: number): TypeConstraint {
  if (depth > DEEPEST) problem("a type has too many others within it");
  const name = wordAt(cursor);
  switch (name) {
    case "string": case "number": case "bool": case "any": return { kind: name };
    case "list": case "set": case "map": return inBrackets(cursor, () => ({ kind: name, of: typeAt(cursor, depth + 1) }));
    case "tuple": return inBrackets(cursor, () => ({ kind: name, items: between(cursor, "[", "]", () => typeAt(cursor, depth + 1)) }));
    case "object": return inBrackets(cursor, () => ({ kind: name, attributes: new Map(between(cursor, "{", "}", () => attributeAt(cursor, depth + 1))) }));
    case "optional": return problem('the keyword "optional" is a modifier of attributes of an object only');
    default: return problem(`the keyword ${JSON.stringify(name)} is not a valid type specification`);
  }
}

function attributeAt(cursor: Cursor, depth: number): [string, { readonly type: TypeConstraint; readonly optional: boolean }] {
  const end = cursor.text.indexOf("=", cursor.at);
  if (end < 0) problem("an attribute of an object has no type");
  const name = cursor.text.slice(cursor.at, end).trim();
  if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name)) problem(`${JSON.stringify(name)} is no name of an attribute`);
  cursor.at = end + 1;
  const before = cursor.at;
  if (wordAt(cursor) === "optional") return [name, { type: inBrackets(cursor, () => typeAt(cursor, depth), "the modifier optional takes one argument, the type of the attribute"), optional: true }];
  cursor.at = before;
  return [name, { type: typeAt(cursor, depth), optional: false }];
}

function between<Item>(cursor: Cursor, open: string, close: string, read: () => Item): Item[] {
  take(cursor, open);
  const items: Item[] = [];
  while (cursor.text[skipSpace(cursor)] !== close) {
    if (items.length > 0) take(cursor, ",");
    skipSpace(cursor);
    items.push(read());
  }
  take(cursor, close);
  return items;
}

function inBrackets<Result>(cursor: Cursor, read: () => Result, otherwise?: string): Result {
  take(cursor, "(");
  const result = read();
  take(cursor, ")", otherwise);
  return result;
}

function take(cursor: Cursor, character: string, otherwise = `a type is not as it should be: ${JSON.stringify(cursor.text)}`): void {
  if (cursor.text[skipSpace(cursor)] !== character) problem(otherwise);
  cursor.at += 1;
}

function wordAt(cursor: Cursor): string {
  const start = skipSpace(cursor);
  while (/[\w-]/.test(cursor.text[cursor.at] ?? "")) cursor.at += 1;
  return cursor.text.slice(start, cursor.at);
}

function skipSpace(cursor: Cursor): number {
  while (/\s/.test(cursor.text[cursor.at] ?? "")) cursor.at += 1;
  return cursor.at;
}
