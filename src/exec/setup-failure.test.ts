import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fault } from "../std/fault.ts";
import { setupFailure } from "./setup-failure.ts";

test("where the kernel is too old the hint names it, whatever has failed; elsewhere it leads to doctor", () => {
  const old = setupFailure("mount_setattr", "ENOSYS: function not implemented", "5.10.0-46-amd64") as Fault;
  assert.match(old.message, /mount_setattr.*ENOSYS/);
  assert.match(old.hint!, /this is Linux 5\.10\.0-46-amd64, and containers want 5\.12 or newer/);
  assert.doesNotMatch(old.hint!, /runtime/);
  assert.match((setupFailure("mount", "EPERM", "6.1.0-56-arm64") as Fault).hint!, /sampan doctor/);
});

test("where there may be no more cgroup namespaces, the hint says what allows them", () => {
  assert.match((setupFailure("unshare(cgroup)", "ENOSPC: no space left on device", "6.1.0-56-arm64") as Fault).hint!, /max_cgroup_namespaces.*--cgroupns host/);
});
