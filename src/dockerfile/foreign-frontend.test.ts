import assert from "node:assert/strict";
import { test } from "node:test";
import { foreignFrontend } from "./foreign-frontend.ts";

test("every version of Docker's own frontend is the one that is built in", () => {
  for (const reference of ["docker/dockerfile:1", "docker/dockerfile:1.7-labs", "docker.io/docker/dockerfile", "docker/dockerfile-upstream:master", "docker/dockerfile@sha256:00", "dockerfile.v0"]) {
    assert.equal(foreignFrontend(`# syntax=${reference}\nFROM scratch\n`, undefined), undefined, reference);
  }
  assert.equal(foreignFrontend("FROM scratch\n", undefined), undefined);
});

test("another one is named, and the build argument goes before the directive", () => {
  assert.equal(foreignFrontend("# syntax=example.com/mine:1 with words\nFROM x\n", undefined), "example.com/mine:1");
  assert.equal(foreignFrontend("// syntax=example.com/mine:1\n", undefined), "example.com/mine:1");
  assert.equal(foreignFrontend("# syntax=docker/dockerfile:1\n", "other/docker/dockerfile"), "other/docker/dockerfile");
  assert.equal(foreignFrontend("# syntax=example.com/mine:1\n", "docker/dockerfile:1"), undefined);
});
