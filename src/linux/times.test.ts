import assert from "node:assert/strict";
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { setTimes } from "./times.ts";

test("times are set to the nanosecond on files, directories and symlinks themselves, before 1970 too", (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "file"), "");
  mkdirSync(join(folder, "directory"));
  symlinkSync("nowhere", join(folder, "link"));
  for (const name of ["file", "directory", "link"]) {
    for (const time of [0n, 1_600_000_000_000_000_000n, 1_600_000_000_123_456_789n, -1n, -5_000_000_000n, -1_500_000_001n, 4_000_000_000_000_000_001n]) {
      setTimes(join(folder, name), time + 7_000_000_000n, time);
      const { mtimeNs, atimeNs } = lstatSync(join(folder, name), { bigint: true });
      assert.deepEqual([atimeNs, mtimeNs], [time + 7_000_000_000n, time], `${name} ${time}`);
    }
  }
  assert.throws(() => setTimes(join(folder, "none"), 1n, 1n), { code: "ENOENT" });
});
