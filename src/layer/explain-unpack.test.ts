import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noMounts } from "../../test/support/small-disk.ts";
import { tarOf } from "../../test/support/tar-of.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { fault, isFault } from "../std/fault.ts";
import { explainUnpack } from "./explain-unpack.ts";

test("errors of the file system become faults, faults and other errors stay what they are", () => {
  const explain = (error: unknown): unknown => explainUnpack(error, "layer x", "a/b", "/root");
  for (const [code, expected] of [["ENOSPC", "DISK_FULL"], ["EDQUOT", "DISK_FULL"], ["EROFS", "READ_ONLY"], ["ENAMETOOLONG", "ARCHIVE_INVALID"], ["EMLINK", "ARCHIVE_INVALID"]] as const) {
    const cause = Object.assign(new Error(code), { code });
    const explained = explain(cause);
    assert.ok(isFault(explained, expected), code);
    assert.equal(explained.cause, cause);
  }
  for (const error of [fault("FILE_CHANGED", { path: "/x" }), Object.assign(new Error("EIO"), { code: "EIO" }), new Error("bug")]) assert.equal(explain(error), error);
});

for (const [what, options, code] of [["a full disk", "size=1m", "DISK_FULL"], ["a read-only store", "ro", "READ_ONLY"]] as const) {
  test(`${what} stops unpacking with a fault that names the folder`, { skip: noMounts }, (context) => {
    const folder = temporaryFolder(context);
    mkdirSync(join(folder, "target"));
    writeFileSync(join(folder, "blob"), tarOf([{ path: "big", content: "x".repeat(3_000_000) }]));
    writeFileSync(join(folder, "apply.ts"), `
      import { applyLayer } from ${JSON.stringify(new URL("./apply-layer.ts", import.meta.url).href)};
      await applyLayer({ blob: "blob", codec: "none", target: "target", lowers: [], recordOwners: false }).catch((error) => console.log(error.code, error.details.path));`);
    const output = execFileSync("unshare", ["-m", "sh", "-ec", `mount -t tmpfs -o ${options} none target; exec ${process.execPath} apply.ts`], { cwd: folder, encoding: "utf8" });
    assert.equal(output, `${code} target\n`);
  });
}
