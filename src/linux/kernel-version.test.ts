import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelHas } from "./kernel-version.ts";

test("kernels are compared by number, whatever distributions write behind", () => {
  for (const kernel of ["5.12.0", "5.15.0-91-generic", "6.1.0-56-arm64", "6.18", "10.0.1+deb13-amd64"]) assert.ok(kernelHas("5.12", kernel), kernel);
  for (const kernel of ["5.10.0-46-amd64", "5.4.0-150-generic", "4.18.0-553.el8.x86_64", "3.10"]) assert.ok(!kernelHas("5.12", kernel), kernel);
});
