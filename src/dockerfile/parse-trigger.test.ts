import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { parseTrigger } from "./parse-trigger.ts";

test("a trigger is an instruction, with heredocs and flags", () => {
  const instruction = parseTrigger("COPY --from=x <<-A b /c/\n\ta\nA");
  assert.ok(instruction.kind === "copy");
  assert.deepEqual([instruction.from, instruction.sources, instruction.heredocs[0]?.content], ["x", ["b"], "a\n"]);
});

test("its place is the trigger itself, or the FROM that fires it", () => {
  assert.deepEqual(parseTrigger("RUN a").location, { file: "ONBUILD", text: "RUN a", startLine: 1, endLine: 1 });
  const location = { file: "Dockerfile", text: "FROM a", startLine: 1, endLine: 1 };
  assert.deepEqual(parseTrigger("RUN a", { location }).location, location);
});

test("the escape character of a trigger is the backslash", () => {
  const instruction = parseTrigger("RUN a \\\nb `");
  assert.ok(instruction.kind === "run");
  assert.deepEqual(instruction.args, ["a b `"]);
});

test("triggers that cannot be read are refused by name", () => {
  const refused = (trigger: string, message: string): void => assert.throws(() => parseTrigger(trigger), (error) => {
    assert.ok(isFault(error, "DOCKERFILE_TRIGGER"), String(error));
    assert.equal(error.message, message);
    assert.equal(error.location?.file, "ONBUILD");
    return true;
  });
  refused("RUN --x a", 'ONBUILD trigger "RUN --x a": unknown flag: --x');
  refused("RUNN a", 'ONBUILD trigger "RUNN a": unknown instruction: RUNN (did you mean RUN?)');
  refused("RUN a\nRUN b", 'ONBUILD trigger "RUN a\\nRUN b": onbuild trigger should be a single expression');
  refused("FROM a", 'ONBUILD trigger "FROM a": FROM isn\'t allowed as an ONBUILD trigger');
  refused("", 'ONBUILD trigger "": the Dockerfile cannot be empty');
  refused("# a", 'ONBUILD trigger "# a": file with no instructions');
});
