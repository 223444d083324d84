import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { isOn, parseCheckSettings, withComments } from "./settings.ts";

const rule = (name: string, experimental = false) => ({ name, experimental });

test("settings name rules to skip, experimental rules to run, and whether findings are errors", () => {
  const settings = parseCheckSettings(" skip=A, B ; error=T;experimental=X");
  assert.deepEqual([isOn(settings, rule("A")), isOn(settings, rule("B")), isOn(settings, rule("C")), settings.error], [false, false, true, true]);
  assert.deepEqual([isOn(settings, rule("X", true)), isOn(settings, rule("A", true))], [true, false]);
  assert.ok(isOn(parseCheckSettings("skip=all;experimental=all"), rule("X", true)), "skip=all is not for experimental rules");
});

test("what is not known is refused with BuildKit's words", () => {
  const cases: [string, RegExp][] = [
    ["skp=A", /invalid check option "skp"/], ["skip", /invalid check option "skip"/], ["error=perhaps", /parsing "perhaps": invalid syntax/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseCheckSettings(text), message);
  assert.ok((parseCheckSettings("skip=a;error=1;experimental=b;more=c").experimental as ReadonlySet<string>).has("b;more=c"), "the third part keeps the rest");
});

test("a comment above an instruction adds to the settings, one that makes no sense adds nothing", () => {
  const settings = parseCheckSettings("skip=A");
  const own = withComments(settings, ["why", "check=skip=B because"]);
  assert.deepEqual([isOn(own, rule("A")), isOn(own, rule("B")), isOn(own, rule("C"))], [false, false, true]);
  assert.equal(withComments(settings, ["check=nonsense"]), settings);
});

test("any text is settings or the fault CHECK_OPTION", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      parseCheckSettings(text);
    } catch (error) {
      assert.ok(isFault(error, "CHECK_OPTION"));
    }
  }));
});
