import assert from "node:assert/strict";
import { test } from "node:test";
import { fault, isFault, type FaultCode } from "../std/fault.ts";
import { guarded, storageFault } from "./storage-fault.ts";

const cases: readonly [what: object, code: FaultCode][] = [
  [{ code: "ENOSPC" }, "DISK_FULL"],
  [{ code: "EDQUOT" }, "DISK_FULL"],
  [{ code: "EROFS" }, "READ_ONLY"],
  [{ code: "EACCES" }, "READ_ONLY"],
  [{ code: "ERR_SQLITE_ERROR", errcode: 13 }, "DISK_FULL"],
  [{ code: "ERR_SQLITE_ERROR", errcode: 8 | (1 << 8) }, "READ_ONLY"],
  [{ code: "ERR_SQLITE_ERROR", errcode: 5 }, "STORE_BUSY"],
  [{ code: "ERR_SQLITE_ERROR", errcode: 11 | (1 << 8) }, "STORE_CORRUPT"],
  [{ code: "ERR_SQLITE_ERROR", errcode: 26 }, "STORE_CORRUPT"],
];

for (const [what, code] of cases) {
  test(`${JSON.stringify(what)} is the fault ${code} and keeps its cause`, () => {
    const error = Object.assign(new Error("refused"), what);
    const found = storageFault(error, "/");
    assert.ok(isFault(found, code));
    assert.equal(found.cause, error);
  });
}

test("other errors and faults stay what they are", () => {
  for (const error of [new TypeError("x"), fault("BLOB_MISSING", { digest: "d" }), Object.assign(new Error("x"), { code: "ERR_SQLITE_ERROR", errcode: 1 }), "text"]) {
    assert.equal(storageFault(error, "/"), error);
  }
  assert.equal(guarded("/", () => 7), 7);
  assert.throws(() => guarded("/x", () => { throw Object.assign(new Error("x"), { code: "ENOSPC" }); }), (error) => isFault(error, "DISK_FULL"));
});
