import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunInstruction } from "./instruction.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";

const run = (text: string): RunInstruction => parseDockerfile(`FROM a\n${text}`).stages[0]!.instructions[0] as RunInstruction;

test("RUN is a text for the shell or the words of a command", () => {
  assert.deepEqual([run("RUN a  b").form, run("RUN a  b").args], ["shell", ["a  b"]]);
  assert.deepEqual([run('RUN ["a", "b"]').form, run('RUN ["a", "b"]').args], ["exec", ["a", "b"]]);
});

test("a bare RUN is accepted", () => {
  assert.deepEqual([run("RUN").form, run("RUN").args], ["shell", []]);
});

test("flags of later issues are kept as written", () => {
  const { mounts, network, security, devices } = run('RUN --mount=type=cache,target=/x --mount=type=secret,"id=a,b" --network=none --security=insecure --device=v/c=x,required y');
  assert.deepEqual([mounts, network, security, devices], [["type=cache,target=/x", "type=secret,id=a,b"], "none", "insecure", ["v/c=x,required"]]);
  assert.deepEqual([run("RUN x").mounts, run("RUN x").network, run("RUN x").security, run("RUN x").devices], [[], undefined, undefined, []]);
});

test("a heredoc alone is the script, with more text it is a document for the shell", () => {
  assert.equal(run("RUN <<A\na\nA").script?.content, "a\n");
  assert.equal(run("RUN <<-'A B'\n\ta\n\tA B").script?.content, "a\n");
  assert.equal(run("RUN << A\na\nA").script?.content, "a\n");
  const { script, heredocs, args } = run("RUN <<-A cat\n\ta\nA");
  assert.deepEqual([script, args, heredocs[0]?.content], [undefined, ["<<-A cat"], "\ta\n"]);
  assert.equal(run("RUN <<A <<B\nA\nB").script, undefined);
});

test("the form of mounts and devices is looked at", () => {
  const refused = (flag: string, problem: string): void =>
    assert.throws(() => run(`RUN ${flag} x`), { code: "DOCKERFILE_FLAG", message: `dockerfile parse error on line 2: ${problem}` });
  refused("--mount=", "failed to parse csv mounts: EOF");
  refused("--mount=from=$x", "'from' doesn't support variable expansion, define alias stage instead");
  refused("--mount=type=cache,FROM=a${x}", "'from' doesn't support variable expansion, define alias stage instead");
  refused("--network=vpn", 'invalid network mode "vpn"');
  refused("--network=", 'invalid network mode ""');
  refused("--security=none", 'security "none" is not valid');
  refused("--device=a,b", "invalid field 'b' must be a key=value pair");
  refused("--device=name=a,name=b", "device name already set to a");
  refused("--device=a,required=maybe", "invalid value for required: maybe");
  refused("--device=a,requird=1", "unexpected key 'requird' in 'requird=1' (did you mean required?)");
  assert.equal(run("RUN --mount=from=a$ x").mounts.length, 1);
});
