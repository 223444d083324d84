import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { parseDuration } from "./duration.ts";

test("durations are nanoseconds of numbers with units, added up", () => {
  const rows: [string, number][] = [
    ["0", 0], ["1ns", 1], ["2us", 2e3], ["2µs", 2e3], ["3ms", 3e6], ["4s", 4e9], ["5m", 300e9], ["1h", 3600e9],
    ["1h2m3.5s", 3723.5e9], ["-1.5s", -1.5e9], ["+.5s", 5e8], ["1.s", 1e9], ["0.1ns", 0], ["1s1s", 2e9],
  ];
  for (const [text, nanoseconds] of rows) assert.equal(parseDuration(text), nanoseconds, text);
});

test("what is no duration is refused with Go's words", () => {
  const refused = (text: string, problem: string): void => assert.throws(() => parseDuration(text), { code: "DOCKERFILE_INVALID", message: `time: ${problem}` });
  refused("", 'invalid duration ""');
  refused("x", 'invalid duration "x"');
  refused(".s", 'invalid duration ".s"');
  refused("-", 'invalid duration "-"');
  refused("5", 'missing unit in duration "5"');
  refused("1.5", 'missing unit in duration "1.5"');
  refused("5x", 'unknown unit "x" in duration "5x"');
  refused("5 s", 'unknown unit " s" in duration "5 s"');
  refused('5"é', 'unknown unit "\\"\\xc3\\xa9" in duration "5\\"\\xc3\\xa9"');
  refused("9223372036854775808ns", 'invalid duration "9223372036854775808ns"');
  refused("99999999h", 'invalid duration "99999999h"');
  refused("5toString", 'unknown unit "toString" in duration "5toString"');
});

test("every text is a number or a fault", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom("1", "0", ".", "s", "ms", "h", "-", "µ", "9999999999"), { maxLength: 8 }), (parts) => {
    try {
      assert.ok(Number.isInteger(parseDuration(parts.join(""))));
    } catch (error) {
      assert.ok(isFault(error, "DOCKERFILE_INVALID"), String(error));
    }
  }));
});
