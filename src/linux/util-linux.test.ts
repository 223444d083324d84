import assert from "node:assert/strict";
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { installAdvice } from "./install-advice.ts";
import { isWhole } from "./util-linux.ts";

test("tells a program of its own from an applet, be it a link or the same file", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-util-linux-"));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const place of ["links", "hard", "own"]) {
    mkdirSync(join(folder, place));
    for (const name of place === "own" ? ["busybox", "setpriv"] : ["busybox"]) {
      writeFileSync(join(folder, place, name), "#!/bin/sh\n");
      chmodSync(join(folder, place, name), 0o755);
    }
  }
  symlinkSync("busybox", join(folder, "links/setpriv"));
  linkSync(join(folder, "hard/busybox"), join(folder, "hard/setpriv"));
  assert.deepEqual(["links", "hard", "own"].map((place) => isWhole("setpriv", join(folder, place))), [false, false, true]);
  assert.equal(isWhole("no-such-program", join(folder, "own")), false);

  writeFileSync(join(folder, "own/apk"), "#!/bin/sh\n");
  chmodSync(join(folder, "own/apk"), 0o755);
  assert.equal(installAdvice("uidmap", join(folder, "own")), "apk add shadow-uidmap");
  assert.equal(installAdvice("uidmap", join(folder, "links")), "apt install uidmap");
});
