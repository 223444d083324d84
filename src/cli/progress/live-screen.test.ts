import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { LiveScreen } from "./live-screen.ts";

class FakeTerminal extends EventEmitter {
  columns = 40;
  rows = 5;
  written = "";
  write(text: string): boolean {
    this.written += text;
    return true;
  }
  take(): string {
    const text = this.written;
    this.written = "";
    return text;
  }
}

function open(lines: () => string[]) {
  const terminal = new FakeTerminal();
  const screen = new LiveScreen(terminal as unknown as NodeJS.WriteStream, { color: false, picture: () => lines().map((text) => ({ text })) });
  return { terminal, screen };
}

test("a picture is drawn over the last one, and lines that are gone are erased", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  let lines = ["one", "two"];
  const { terminal, screen } = open(() => lines);
  assert.equal(terminal.take(), "\u001b[?25l");
  context.mock.timers.tick(1000);
  terminal.take();
  lines = ["three"];
  context.mock.timers.tick(200);
  screen.changed();
  assert.equal(terminal.take(), "\r\u001b[2Athree\u001b[K\n\u001b[J");
  screen.close([{ text: "end" }]);
  assert.equal(terminal.take(), "\r\u001b[1A\u001b[Jend\n\u001b[?25h");
  screen.changed();
  screen.close();
  assert.equal(terminal.take(), "", "nothing is written after the end");
  assert.equal(terminal.listenerCount("resize"), 0);
});

test("however often something changes, there are at most ten pictures a second", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  let pictures = 0;
  const { screen } = open(() => ((pictures += 1), ["x"]));
  for (let moment = 0; moment < 1000; moment += 1) {
    screen.changed();
    context.mock.timers.tick(1);
  }
  assert.ok(pictures >= 9 && pictures <= 11, String(pictures));
  screen.close();
});

test("a picture is never taller than the screen", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { terminal, screen } = open(() => Array.from({ length: 20 }, (_none, index) => String(index)));
  context.mock.timers.tick(1000);
  terminal.take();
  context.mock.timers.tick(200);
  screen.changed();
  assert.equal(terminal.take().split("\n").length - 1, 4);
  screen.close();
});

test("a screen that became narrower has broken the last picture's lines, and they are taken away too", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { terminal, screen } = open(() => ["x".repeat(39)]);
  context.mock.timers.tick(1200);
  terminal.take();
  terminal.columns = 20;
  terminal.emit("resize");
  context.mock.timers.tick(100);
  assert.match(terminal.take(), /^\r\u001b\[2A/);
  screen.close();
});
