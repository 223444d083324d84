import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { parseBytes } from "./parse-bytes.ts";
import { parseSignal } from "./parse-signal.ts";

test("bytes have docker's binary units", () => {
  const cases: [string, number][] = [["0", 0], ["1024", 1024], ["1k", 1024], ["1.5G", 1.5 * 2 ** 30], ["64MiB", 64 * 2 ** 20], ["10 kb", 10240], ["5b", 5]];
  for (const [text, bytes] of cases) assert.equal(parseBytes(text, "-m"), bytes, text);
  for (const text of ["", "m", "-1", "1e3", "1,5g", "10x", "9999999999p"]) assert.throws(() => parseBytes(text, "-m"), (error) => isFault(error, "USAGE"), text);
});

test("signals are named with and without SIG, by number, and real-time ones from either end", () => {
  const cases: [string, number][] = [["SIGTERM", 15], ["term", 15], ["9", 9], ["RTMIN+3", 37], ["SIGRTMAX-1", 63], ["usr1", 10], ["SIGCLD", 17]];
  for (const [text, number] of cases) assert.equal(parseSignal(text, "-s"), number, text);
  for (const text of ["", "0", "65", "SIGNOTHING", "RTMAX+1", "__proto__"]) assert.throws(() => parseSignal(text, "-s"), (error) => isFault(error, "USAGE"), text);
});
