import assert from "node:assert/strict";
import { test } from "node:test";
import { goRegExp } from "./go-regexp.ts";

const accepts = (expression: string, text: string): boolean => goRegExp(expression)!.test(text);

test("a dot is anything but a line feed", () => {
  assert.ok(accepts("^a.b$", "a\rb"));
  assert.ok(accepts("^a.b$", "a😀b"));
  assert.equal(accepts("^a.b$", "a\nb"), false);
});

test("classes may begin with ], name a set and hold an open bracket", () => {
  assert.ok(accepts("^[]a]$", "]"));
  assert.ok(accepts("^[[:digit:]x]$", "7"));
  assert.equal(accepts("^[[:alpha:]]$", "7"), false);
  assert.ok(accepts("^[[a]$", "["));
  assert.ok(accepts("^[^]a]$", "b"));
  assert.ok(accepts("^[a-]$", "-"));
});

test("punctuation outside and inside classes is literal", () => {
  assert.ok(accepts("^\\{a\\}-/]$", "{a}-/]"));
  assert.ok(accepts("^[|}-~]$", "~"));
});

test("open classes, unknown sets and reversed ranges are refused", () => {
  for (const expression of ["[", "[a", "[]", "[[:nonsense:]]", "[b-a]", "*a"]) assert.equal(goRegExp(`^${expression}$`), undefined, expression);
});

test("the set of punctuation has every sign of ASCII", () => {
  for (const sign of "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") assert.ok(accepts("^[[:punct:]]$", sign), sign);
  assert.equal(accepts("^[[:punct:]]$", "a"), false);
});
