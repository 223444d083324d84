import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { hostMounts, memoryMounts } from "./volumes.ts";

test("volumes are paths of the host; names and options that mean something else are refused", () => {
  assert.deepEqual(hostMounts(["/a:/b", ".:/src:ro", "./x:/y:rw,z"], "/work"), [
    { source: "/a", target: "/b", readonly: false }, { source: "/work", target: "/src", readonly: true }, { source: "/work/x", target: "/y", readonly: false },
  ]);
  for (const wrong of ["/a:b", "/a:/b:odd", "/a:/b:ro:x"]) assert.throws(() => hostMounts([wrong], "/"), (error) => isFault(error, "USAGE"), wrong);
  for (const later of ["name:/b", "/only"]) assert.throws(() => hostMounts([later], "/"), (error) => isFault(error, "NOT_SUPPORTED"), later);
});

test("folders in memory have an absolute path and may have options", () => {
  assert.deepEqual(memoryMounts(["/run", "/tmp:size=64m,mode=1777"]), [{ target: "/run" }, { target: "/tmp", options: "size=64m,mode=1777" }]);
  for (const wrong of ["run", "/run:odd", "/run:size=lots"]) assert.throws(() => memoryMounts([wrong]), (error) => isFault(error, "USAGE"), wrong);
});
