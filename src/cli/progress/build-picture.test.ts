import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ProgressEvent } from "../../std/progress.ts";
import { buildPicture, finalPicture, progressBar } from "./build-picture.ts";
import { StepList } from "./step-list.ts";
import { fit, plainText, textWidth } from "./text-width.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const base = { columns: 60, rows: 20, now: 12_300, started: 0, explain: false };

function stepsOf(events: readonly ProgressEvent[]) {
  const list = new StepList();
  for (const event of events) list.add(event);
  return [...list.steps.values()];
}

const RUNNING: ProgressEvent[] = [
  { type: "step", id: "a", name: "[a 1/3] FROM base", started: 0, cached: true, completed: 0 },
  { type: "step", id: "b", name: "[a 2/3] RUN make", started: 2000 },
  { type: "log", id: "b", stream: "stdout", data: bytes("compiling\u001b[31m red\u001b[0m\n"), time: 2100 },
  { type: "step", id: "c", name: "[b 1/2] FROM other", started: 300 },
  { type: "transfer", id: "c", key: "sha256:4f4fb700ef54", action: "pulling", current: 5_000_000, total: 10_000_000, started: 300 },
  { type: "step", id: "d", name: "[a 3/3] COPY . ." },
];

test("running steps show their last lines and transfers, finished ones a line, waiting ones nothing", () => {
  const lines = buildPicture(stepsOf(RUNNING), { ...base, columns: 80 }).map(({ text }) => text.replace(/ +([\d.]+s)$/, " $1"));
  assert.deepEqual(lines, [
    "[+] Building 12.3s (1/4)",
    " => CACHED [a 1/3] FROM base 0.0s",
    " => [a 2/3] RUN make 10.3s",
    " => => # compiling red",
    " => [b 1/2] FROM other 12.0s",
    " => => sha256:4f4fb700ef54 [==========>         ] 5MB / 10MB 12.0s",
  ]);
});

test("the times stand in a column at the right, and no line is wider than the screen", () => {
  for (const columns of [20, 40, 60, 200]) {
    const timed = buildPicture(stepsOf(RUNNING), { ...base, columns }).filter(({ text }) => /s$/.test(text) && text.startsWith(" =>"));
    for (const { text } of timed) assert.equal(textWidth(text), columns - 1);
  }
});

test("the picture never has more lines or columns than the screen, and running steps are the last to go", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ name: fc.string({ unit: "grapheme" }), state: fc.constantFrom("waiting", "running", "done", "cached", "failed"), logs: fc.nat(20) }), { maxLength: 60 }),
    fc.integer({ min: 2, max: 40 }), fc.integer({ min: 12, max: 200 }), fc.boolean(),
    (specs, rows, columns, explain) => {
      const events = specs.flatMap(({ name, state, logs }, index): ProgressEvent[] => {
        const id = String(index);
        const step: ProgressEvent = {
          type: "step", id, name, ...(state === "waiting" ? {} : { started: 0, why: ["because"] }), ...(state === "done" ? { completed: 5 } : {}),
          ...(state === "cached" ? { cached: true } : {}), ...(state === "failed" ? { error: "no" } : {}),
        };
        return state === "running" ? [step, { type: "log", id, stream: "stdout", data: bytes("日本\tx\n".repeat(logs)), time: 1 }] : [step];
      });
      const lines = buildPicture(stepsOf(events), { ...base, rows, columns, explain });
      assert.ok(lines.length <= rows, `${lines.length} lines on ${rows} rows`);
      for (const { text } of lines) assert.ok(textWidth(text) < columns, JSON.stringify(text));
      const running = specs.filter(({ state }) => state === "running").length;
      const shown = lines.filter(({ text, color }) => text.startsWith(" => ") && color === undefined).length;
      assert.equal(shown, Math.min(running, rows - 1));
    },
  ));
});

test("where there is little room the oldest finished steps are folded into a line", () => {
  const steps = stepsOf(Array.from({ length: 30 }, (_none, index): ProgressEvent => ({ type: "step", id: String(index), name: `step ${index}`, started: 0, completed: 1 })));
  const lines = buildPicture(steps, { ...base, rows: 6 });
  assert.equal(lines.length, 6);
  assert.equal(lines[1]!.text, " => … 26 finished steps");
  assert.match(lines[5]!.text, /^ => step 29 /);
});

test("the list that stays has every step, and says how the build ended", () => {
  const done = stepsOf([{ type: "step", id: "a", name: "A", started: 0, completed: 1000, why: ["the file x changed"] }]);
  assert.deepEqual(finalPicture(done, { ...base, failed: false }).map(({ text }) => text.replace(/ +/g, " ")), ["[+] Building 12.3s (1/1) FINISHED", " => A 1.0s"]);
  assert.equal(finalPicture(done, { ...base, failed: false, explain: true })[2]!.text, " => => the file x changed");
  const failed = stepsOf([{ type: "step", id: "a", name: "A", started: 0, completed: 1000, error: "x" }]);
  assert.match(finalPicture(failed, { ...base, failed: true })[0]!.text, /ERROR$/);
  assert.match(finalPicture(failed, { ...base, failed: true })[1]!.text, /^ => ERROR A /);
});

test("what a command wrote cannot steer the terminal", () => {
  assert.equal(plainText("a\u001b[2Jb\u001b]0;title\u0007c\u001b(Bd\te\bf\u009b1m"), "abcd    ef1m");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.doesNotMatch(plainText(text), /\p{Cc}/u)));
});

test("text is cut by the columns that it takes", () => {
  assert.equal(textWidth("日本e\u0301"), 5);
  assert.equal(fit("日本語", 6), "日本語");
  assert.equal(fit("日本語", 5), "日本…");
  assert.equal(fit("abc", 0), "");
});

test("a bar is empty at the start, has a tip on its way and is full at the end", () => {
  assert.deepEqual([0, 0.5, 1, 2].map((part) => progressBar(part, 4)), ["[>   ]", "[==> ]", "[====]", "[====]"]);
});
