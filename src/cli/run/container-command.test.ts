import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { askedEnv, containerArgs, containerEnv, givenEnv, parseEnvFile } from "./container-command.ts";

test("the command is ENTRYPOINT with CMD or the words behind the image, as in docker", () => {
  const config = { Entrypoint: ["/entry"], Cmd: ["a", "b"] };
  assert.deepEqual(containerArgs(config, [], undefined), ["/entry", "a", "b"]);
  assert.deepEqual(containerArgs(config, ["x"], undefined), ["/entry", "x"]);
  assert.deepEqual(containerArgs(config, [], "/other"), ["/other"]);
  assert.deepEqual(containerArgs(config, ["x"], "/other"), ["/other", "x"]);
  assert.deepEqual(containerArgs(config, ["x"], ""), ["x"]);
  assert.deepEqual(containerArgs({ Cmd: ["sh"] }, [], undefined), ["sh"]);
  assert.throws(() => containerArgs({}, [], undefined), (error) => isFault(error, "USAGE"));
  assert.throws(() => containerArgs(config, [], ""), (error) => isFault(error, "USAGE"));
});

test("the environment has docker's order, and later values win in place", () => {
  assert.deepEqual(
    containerEnv({ Env: ["PATH=/app", "A=image"] }, ["B=1", "A=flag"], { hostname: "box", terminal: true }),
    ["PATH=/app", "HOSTNAME=box", "TERM=xterm", "A=flag", "B=1"],
  );
  assert.deepEqual(containerEnv({}, [], { hostname: "box", terminal: false }), ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=box"]);
});

test("a name alone has its value from here, or takes the image's variable away; what was asked for is shown as docker shows it", () => {
  const given = givenEnv(["A", "B=1", "C", "B=2"], { C: "here" });
  assert.deepEqual(given, ["A", "B=1", "C=here", "B=2"]);
  const image = { Env: ["PATH=/app", "A=image", "B=image"] };
  assert.deepEqual(containerEnv(image, given, { hostname: "box", terminal: false }), ["PATH=/app", "HOSTNAME=box", "B=2", "C=here"]);
  assert.deepEqual(askedEnv(image, given), ["A", "B=2", "C=here", "PATH=/app"]);
  for (const wrong of ["", "=x"]) assert.throws(() => givenEnv([wrong], {}), (error) => isFault(error, "USAGE"));
});

test("an env file has a variable per line, comments, and names that come from the environment", () => {
  assert.deepEqual(parseEnvFile("# note\r\nA=1 2\r\n\n  B='q'\nC\nD\n", "f.env", { C: "c" }), ["A=1 2", "B='q'", "C=c"]);
  assert.throws(() => parseEnvFile("A=1\nB C=2\n", "f.env", {}), (error) => isFault(error, "USAGE") && /f\.env:2/.test(error.message));
});
