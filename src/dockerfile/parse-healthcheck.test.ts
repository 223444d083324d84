import assert from "node:assert/strict";
import { test } from "node:test";
import type { HealthcheckInstruction } from "./instruction.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";

const healthcheck = (text: string): HealthcheckInstruction => parseDockerfile(`FROM a\nHEALTHCHECK ${text}`).stages[0]!.instructions[0] as HealthcheckInstruction;

test("a test is a text for the shell or the words of a command, the type in any case", () => {
  assert.deepEqual(healthcheck("CMD a b").test, { form: "shell", args: ["a b"] });
  assert.deepEqual(healthcheck('cmd ["a", "b"]').test, { form: "exec", args: ["a", "b"] });
  assert.equal(healthcheck("CMD a").none, false);
});

test("NONE has no test, and its flags are not looked at", () => {
  assert.deepEqual([healthcheck("none").none, healthcheck("--any NONE").test], [true, undefined]);
});

test("durations are nanoseconds", () => {
  const { interval, timeout, startPeriod, startInterval, retries } =
    healthcheck("--interval=5m --timeout=1ms --start-period=0 --start-interval=1.5s --retries=+3 CMD a");
  assert.deepEqual([interval, timeout, startPeriod, startInterval, retries], [300e9, 1e6, 0, 1.5e9, 3]);
});

test("wrong checks are refused with BuildKit's words", () => {
  const refused = (text: string, problem: string): void => assert.throws(() => healthcheck(text), { message: `dockerfile parse error on line 2: ${problem}` });
  refused("", "HEALTHCHECK requires at least one argument");
  refused("NONE a", "HEALTHCHECK NONE takes no arguments");
  refused("CMD", "Missing command after HEALTHCHECK CMD");
  refused("CMD []", "Missing command after HEALTHCHECK CMD");
  refused("shell a", 'Unknown type "SHELL" in HEALTHCHECK (try CMD)');
  refused("--interval=0.5ms CMD a", 'Interval "interval" cannot be less than 1ms');
  refused("--start-period=-1s CMD a", 'Interval "start-period" cannot be less than 1ms');
  refused("--timeout=5 CMD a", 'time: missing unit in duration "5"');
  refused("--retries=-1 CMD a", "--retries cannot be negative (-1)");
  refused("--retries=x CMD a", 'strconv.ParseInt: parsing "x": invalid syntax');
  refused("--retries=2147483648 CMD a", 'strconv.ParseInt: parsing "2147483648": value out of range');
  refused("--intervall=1s CMD a", "unknown flag: --intervall (did you mean interval?)");
});
