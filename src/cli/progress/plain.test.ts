import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { ProgressEvent } from "../../std/progress.ts";
import { plainRenderer } from "./plain.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function render(events: readonly ProgressEvent[], explain = false): string {
  let text = "";
  const stream = { write: (chunk: string) => ((text += chunk), true) } as unknown as NodeJS.WriteStream;
  const renderer = plainRenderer({ stream, env: {}, explain });
  for (const event of events) renderer.onEvent(event);
  renderer.close();
  return text;
}

test("a step is written as BuildKit writes it: name, lines with times, end", () => {
  assert.equal(
    render([
      { type: "step", id: "a", name: "[builder 2/4] RUN make", started: 1000 },
      { type: "log", id: "a", stream: "stdout", data: bytes("one\ntw"), time: 1123 },
      { type: "log", id: "a", stream: "stdout", data: bytes("o\n"), time: 13_345 },
      { type: "log", id: "a", stream: "stderr", data: bytes("end"), time: 124_000 },
      { type: "step", id: "a", name: "[builder 2/4] RUN make", started: 1000, completed: 125_240 },
      { type: "step", id: "b", name: "[stage-1 1/2] COPY . .", cached: true },
    ]),
    "#1 [builder 2/4] RUN make\n#1 0.123 one\n#1 12.34 two\n#1 123.0 end\n#1 DONE 124.2s\n\n#2 [stage-1 1/2] COPY . .\n#2 CACHED\n",
  );
});

test("steps side by side stay in blocks, and a block that is interrupted says so", () => {
  const log = (id: string, text: string): ProgressEvent => ({ type: "log", id, stream: "stdout", data: bytes(text), time: 1000 });
  assert.equal(
    render([
      { type: "step", id: "a", name: "A", started: 1000 },
      { type: "step", id: "b", name: "B", started: 1000 },
      log("a", "a1\n"), log("b", "b1\n"), log("a", "a2\n"),
      { type: "step", id: "b", name: "B", started: 1000, completed: 2000 },
      log("a", "a3\n"),
      { type: "step", id: "a", name: "A", started: 1000, completed: 2000 },
    ]),
    "#1 A\n#1 0.000 a1\n#1 0.000 a2\n#1 0.000 a3\n#1 DONE 1.0s\n\n#2 B\n#2 0.000 b1\n#2 DONE 1.0s\n",
  );
});

test("no line of a log is lost or cut, whatever its length and however it arrives", () => {
  const long = "x".repeat(100_000);
  const text = `${Array.from({ length: 500 }, (_none, index) => `line ${index}`).join("\n")}\n${long}\nprogress 1%\rprogress 2%\r\nend`;
  const data = bytes(text);
  const events: ProgressEvent[] = [{ type: "step", id: "a", name: "A", started: 0 }];
  for (let at = 0; at < data.length; at += 777) events.push({ type: "log", id: "a", stream: "stdout", data: data.subarray(at, at + 777), time: 0 });
  events.push({ type: "step", id: "a", name: "A", started: 0, completed: 1 });
  const written = render(events).split("\n").map((line) => line.replace(/^#1 (0\.000 )?/, ""));
  assert.deepEqual(written.slice(1, -2), [...text.split("\n").slice(0, 501), "progress 1%", "progress 2%", "end"]);
});

test("a step that a worker ended because of another one is canceled, and has not failed", () => {
  assert.equal(render([
    { type: "step", id: "a", name: "A", started: 0, completed: 1, error: "process \"/bin/sh -c make\" did not complete successfully: exit code: 4294967295: context canceled: context canceled" },
  ]), "#1 A\n#1 CANCELED\n\n");
});

test("letters that arrive in two pieces are put together", () => {
  const data = bytes("é\n");
  const output = render([
    { type: "log", id: "a", stream: "stdout", data: data.subarray(0, 1), time: 0 },
    { type: "log", id: "a", stream: "stdout", data: data.subarray(1), time: 0 },
  ]);
  assert.match(output, /^#1 0\.000 é$/m);
});

test("an error, reasons and transfers have their lines; warnings come at the end, once", () => {
  const events: ProgressEvent[] = [
    { type: "step", id: "a", name: "A", started: 0, why: ["env A changed from 1 to 2"] },
    { type: "warning", message: "careful", hint: "line 3" },
    { type: "warning", message: "careful", hint: "line 3" },
    { type: "transfer", id: "a", key: "sha256:4f4fb700ef54", action: "pulling", current: 10, total: 3_370_000, started: 0 },
    { type: "transfer", id: "a", key: "sha256:4f4fb700ef54", action: "pulling", current: 3_370_000, total: 3_370_000, started: 0, completed: 400 },
    { type: "transfer", id: "a", key: "sha256:4f4fb700ef54", action: "extracting", current: 5, started: 0, completed: 700 },
    { type: "step", id: "a", name: "A", started: 0, completed: 1000, error: "exit code: 1" },
  ];
  const ending = "\n1 warning found:\n - careful (line 3)\n\n";
  assert.equal(render(events), `#1 A\n#1 sha256:4f4fb700ef54 3.37MB / 3.37MB 0.4s done\n#1 ERROR: exit code: 1\n${ending}`);
  assert.match(render(events, true), /^#1 A\n#1 why: env A changed from 1 to 2\n/);
});

test("a step that prints nothing for a while is named while it runs, alone", (context) => {
  mock.timers.enable({ apis: ["setInterval", "Date"] });
  context.after(() => mock.timers.reset());
  let text = "";
  const stream = { write: (chunk: string) => ((text += chunk), true) } as unknown as NodeJS.WriteStream;
  const renderer = plainRenderer({ stream, env: {} });
  renderer.onEvent({ type: "step", id: "a", name: "A", started: 0 });
  renderer.onEvent({ type: "step", id: "b", name: "B", started: 0 });
  mock.timers.tick(500);
  assert.equal(text, "");
  mock.timers.tick(5000);
  assert.equal(text, "#1 A\n");
  renderer.onEvent({ type: "step", id: "a", name: "A", started: 0, completed: 6000 });
  renderer.onEvent({ type: "step", id: "b", name: "B", started: 0, completed: 6000 });
  renderer.close();
  assert.equal(text, "#1 A\n#1 DONE 6.0s\n\n#2 B\n#2 DONE 6.0s\n");
});
