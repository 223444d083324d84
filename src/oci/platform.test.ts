import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { formatPlatform, hostPlatform, parsePlatform, platformMatches } from "./platform.ts";

test("platforms are read with their aliases and normalised as containerd does", () => {
  const read = (text: string): string => formatPlatform(parsePlatform(text, hostPlatform("x64")));
  for (const [text, expected] of [
    ["linux/amd64", "linux/amd64"], ["Linux/x86_64", "linux/amd64"], ["linux/aarch64/v8", "linux/arm64"], ["linux/arm", "linux/arm/v7"], ["linux/arm/6", "linux/arm/v6"],
    ["armel", "linux/arm/v6"], ["local", "linux/amd64"], ["windows", "windows/amd64"], ["riscv64", "linux/riscv64"], ["freebsd", "freebsd/amd64"], ["linux/amd64/v3", "linux/amd64/v3"],
  ] as const) assert.equal(read(text), expected);
  for (const text of ["", "linux/", "a/b/c/d", "linux/am d64", "linux//v7", "arm65"]) assert.throws(() => parsePlatform(text), (error) => isFault(error, "PLATFORM_INVALID"), text);
});

test("an image fits its own platform, and one for a lower arm runs on a higher", () => {
  const fits = (wanted: string, offered: string): boolean => platformMatches(parsePlatform(wanted), parsePlatform(offered));
  assert.deepEqual([fits("linux/arm/v7", "linux/arm/v6"), fits("linux/arm/v6", "linux/arm/v7"), fits("linux/arm64", "linux/arm64/v8")], [true, false, true]);
  assert.deepEqual([fits("linux/amd64/v3", "linux/amd64"), fits("linux/amd64", "linux/amd64/v3"), fits("linux/amd64", "windows/amd64")], [true, false, false]);
});
