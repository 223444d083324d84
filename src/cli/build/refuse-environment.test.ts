import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { refuseEnvironment } from "./refuse-environment.ts";

test("variables that would forbid something are not passed over", () => {
  for (const [name, value] of [["EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", "policy.json"], ["BUILDX_DEFAULT_POLICY", "1"]] as const) {
    assert.throws(() => refuseEnvironment({ [name]: value }), (error) => isFault(error, "NOT_SUPPORTED") && error.message.includes(name));
    refuseEnvironment({ [name]: "" });
  }
  refuseEnvironment({ BUILDX_DEFAULT_POLICY: "false", DOCKER_BUILDKIT: "0", BUILDX_BUILDER: "mine" });
});
