import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value } from "../value.ts";
import { evaluate, type Scope } from "./evaluate.ts";
import type { Expression } from "./expression.ts";

const scope: Scope = {
  variable: (name) => ({ list: ["a", "b"], map: { x: 1, y: 2 }, text: "t", nothing: null } as Record<string, Value>)[name],
  call: (name, args) => (name === "count" ? args.length : undefined),
};
const literal = (value: Value): Expression => ({ kind: "literal", value });
const variable = (name: string, ...path: (string | number)[]): Expression => ({ kind: "variable", name, path });
const value = (expression: Expression): Value => evaluate(expression, scope);

test("a template of one part keeps its type, others are text", () => {
  assert.equal(value({ kind: "template", parts: [literal(3)] }), 3);
  assert.equal(value({ kind: "template", parts: [literal(3), literal(true), literal("x")] }), "3truex");
  assert.throws(() => value({ kind: "template", parts: [literal("x"), variable("list")] }), { code: "BAKE_EXPRESSION", message: "a string is required, not list" });
});

test("steps lead into lists and objects, and nowhere else", () => {
  assert.equal(value(variable("list", 1)), "b");
  assert.equal(value(variable("map", "y")), 2);
  for (const [expression, message] of [
    [variable("list", 2), "the list has no element 2"], [variable("map", "z"), 'this object does not have an attribute named "z"'],
    [variable("map", "__proto__"), 'this object does not have an attribute named "__proto__"'], [variable("text", "a"), 'string has no attribute "a"'], [variable("gone"), 'there is no variable named "gone"'],
  ] as const) assert.throws(() => value(expression), { code: "BAKE_EXPRESSION", message });
});

test("for makes lists and objects, gathers values of one key and leaves out what a condition refuses", () => {
  const each: Omit<Extract<Expression, { kind: "for" }>, "kind" | "key" | "value"> = { keyName: "k", valueName: "v", collection: variable("map"), condition: undefined, grouped: false };
  assert.deepEqual(value({ kind: "for", ...each, key: undefined, value: variable("k") }), ["x", "y"]);
  assert.deepEqual(value({ kind: "for", ...each, key: variable("k"), value: variable("v") }), { x: 1, y: 2 });
  assert.deepEqual(value({ kind: "for", ...each, grouped: true, key: literal("same"), value: variable("v") }), { same: [1, 2] });
  assert.throws(() => value({ kind: "for", ...each, key: literal("same"), value: variable("v") }), /two results have the key "same"/);
  const large: Expression = { kind: "binary", operator: ">", left: variable("v"), right: literal(1) };
  assert.deepEqual(value({ kind: "for", ...each, condition: large, key: undefined, value: variable("k") }), ["y"]);
});

test("the two sides of a condition have one type, and only the needed one must have a value", () => {
  const condition = (yes: Expression, no: Expression): Expression => ({ kind: "conditional", condition: literal(true), yes, no });
  assert.equal(value(condition(literal(1), literal("a"))), "1");
  assert.equal(value(condition(literal(1), literal(2))), 1);
  assert.equal(value(condition(literal(1), variable("gone"))), 1);
});

test("and, or, try and can look no further than they must", () => {
  const both = (operator: string, left: Expression): Expression => ({ kind: "binary", operator, left, right: variable("gone") });
  assert.equal(value(both("&&", literal(false))), false);
  assert.equal(value(both("||", literal(true))), true);
  const call = (name: string, ...args: Expression[]): Expression => ({ kind: "call", name, args, spread: false });
  assert.equal(value(call("try", variable("gone"), literal("else"))), "else");
  assert.deepEqual([value(call("can", variable("gone"))), value(call("can", variable("text")))], [false, true]);
  assert.equal(value({ kind: "call", name: "count", args: [literal(1), variable("list")], spread: true }), 3);
  assert.throws(() => value(call("nothing")), /there is no function named "nothing"/);
});

test("an expression that is nested without end is a fault", () => {
  let deep: Expression = literal(1);
  for (let depth = 0; depth < 1000; depth += 1) deep = { kind: "unary", operator: "-", operand: deep };
  assert.throws(() => value(deep), { code: "BAKE_EXPRESSION" });
});
