import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { parseChmod } from "./parse-chmod.ts";

const MODES = [0o644, 0o755, 0o600, 0o400, 0o4755, 0o2755, 0o1777];

// Recorded from BuildKit 0.34.2: what files of MODES get, then a directory of mode 0400.
const RECORDED: [value: string, files: number[], directory: number][] = [
  ["+w", [0o666, 0o777, 0o622, 0o622, 0o4777, 0o2777, 0o1777], 0o622],
  ["u=rwX,go=rX", [0o644, 0o755, 0o644, 0o644, 0o755, 0o755, 0o1755], 0o755],
  ["g=u", [0o664, 0o775, 0o660, 0o440, 0o4775, 0o2775, 0o1777], 0o440],
  ["=r", [0o444, 0o444, 0o444, 0o444, 0o444, 0o444, 0o1444], 0o444],
  ["u=s", [0o4044, 0o4055, 0o4000, 0o4000, 0o4055, 0o6055, 0o5077], 0o4000],
  ["u+t", [0o1644, 0o1755, 0o1600, 0o1400, 0o5755, 0o3755, 0o1777], 0o1400],
  ["o+t", [0o644, 0o755, 0o600, 0o400, 0o4755, 0o2755, 0o1777], 0o400],
  ["+s", [0o6644, 0o6755, 0o6600, 0o6400, 0o6755, 0o6755, 0o7777], 0o6400],
  ["o+s", MODES, 0o400],
  ["-s", [0o644, 0o755, 0o600, 0o400, 0o755, 0o755, 0o1777], 0o400],
  ["-t", [0o644, 0o755, 0o600, 0o400, 0o4755, 0o2755, 0o777], 0o400],
  ["+X", [0o644, 0o755, 0o600, 0o400, 0o4755, 0o2755, 0o1777], 0o511],
  ["o=u-w", [0o644, 0o755, 0o604, 0o404, 0o4755, 0o2755, 0o1775], 0o404],
  ["u=rwx,g=rx,o=", [0o750, 0o750, 0o750, 0o750, 0o750, 0o750, 0o1750], 0o750],
  ["ug+rw,o-r", [0o660, 0o771, 0o660, 0o660, 0o4771, 0o2771, 0o1773], 0o660],
  ["u=", [0o044, 0o055, 0, 0, 0o055, 0o2055, 0o1077], 0],
  ["u+", MODES, 0o400],
  ["=", [0, 0, 0, 0, 0, 0, 0o1000], 0],
  ["u+rw-x", [0o644, 0o655, 0o600, 0o600, 0o4655, 0o2655, 0o1677], 0o600],
  ["u+x,g+X", [0o744, 0o755, 0o700, 0o500, 0o4755, 0o2755, 0o1777], 0o510],
  ["a-x,a+X", [0o644, 0o755, 0o600, 0o400, 0o4755, 0o2755, 0o1777], 0o511],
  ["o=ug", [0o644, 0o755, 0o600, 0o400, 0o4755, 0o2755, 0o1777], 0o400],
  ["o=gr", [0o644, 0o754, 0o604, 0o404, 0o4754, 0o2754, 0o1774], 0o404],
  ["o+ug", [0o646, 0o757, 0o606, 0o404, 0o4757, 0o2757, 0o1777], 0o404],
  ["ug=o", [0o444, 0o555, 0, 0, 0o4555, 0o2555, 0o1777], 0],
];

for (const [value, files, directory] of RECORDED) {
  test(`--chmod=${value} changes modes as BuildKit does`, () => {
    const change = parseChmod(value);
    assert.deepEqual(MODES.map((mode) => change.apply(mode, false)), files);
    assert.equal(change.apply(0o400, true), directory);
    assert.equal(change.octal, undefined);
  });
}

test("an octal mode is the mode of everything, leading zeros or not", () => {
  fc.assert(fc.property(fc.nat(0o7777), fc.nat(4), fc.nat(0o7777), fc.boolean(), (mode, zeros, before, isDirectory) => {
    const change = parseChmod("0".repeat(zeros) + mode.toString(8));
    assert.equal(change.octal, mode);
    assert.equal(change.apply(before, isDirectory), mode);
  }));
});

for (const value of ["9", "10000", "0o755", "755,u+x", "1u+x", "-1", "u+q", "x", "u", "u=rw,", ",", "77777777777777777777", "u+x o+x"]) {
  test(`--chmod=${value} is refused`, () => {
    assert.throws(() => parseChmod(value), (error) => isFault(error, "CHMOD_INVALID"));
  });
}
