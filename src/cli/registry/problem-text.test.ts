import assert from "node:assert/strict";
import { test } from "node:test";
import { RegistryError } from "../../server/terms/registry-error.ts";
import { Trouble } from "../../server/terms/trouble.ts";
import { fault } from "../../std/fault.ts";
import { problemText } from "./problem-text.ts";

test("what a server foresees is told with its cause and without places in the program", () => {
  const refused = new Error("connect ECONNREFUSED 127.0.0.1:389");
  const down = new RegistryError("UNAVAILABLE", "the directory of users does not answer: try again later", { cause: refused });
  assert.equal(problemText(down), "the directory of users does not answer: try again later\n  cause: connect ECONNREFUSED 127.0.0.1:389");
  assert.equal(problemText(new Trouble("the webhook https://ci.example.com did not take event 7: it is sent again", { cause: refused })), "the webhook https://ci.example.com did not take event 7: it is sent again\n  cause: connect ECONNREFUSED 127.0.0.1:389");
  assert.equal(problemText(fault("SERVER_PASSWORDS_OPEN", { listen: "0.0.0.0:5000" })).split("\n").length, 1);
});

test("a mistake in the program is told with its place", () => {
  assert.match(problemText(new TypeError("x is not a function")), /^TypeError: x is not a function\n +at /);
});
