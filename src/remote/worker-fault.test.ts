import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { workerFault } from "./worker-fault.ts";

test("a worker that goes in the middle of a build was reached", () => {
  const messageOf = (begun: boolean): string => (workerFault(new ConnectError("Premature close", Code.Unavailable), { builder: "unix:///run/b.sock", said: "", begun }) as Error).message;
  assert.equal(messageOf(true), "the connection to builder unix:///run/b.sock broke during the build: Premature close");
  assert.equal(messageOf(false), "builder unix:///run/b.sock cannot be reached: Premature close");
});
