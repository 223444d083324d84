import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertFault, type ExpectedFault } from "../support/check-fault.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { noBuilds, scratchBuild } from "../support/scratch-build.ts";

interface Case extends ExpectedFault {
  readonly dockerfile: string | Buffer;
  readonly words?: readonly string[];
}

/** What is wrong with a Dockerfile, and what is said about it. */
const CASES: Readonly<Record<string, Case>> = {
  "an unknown instruction": {
    dockerfile: "FROM base\nRUM true\n",
    message: /dockerfile parse error on line 2: unknown instruction: RUM \(did you mean RUN\?\)/, hint: /continues the one above/, frame: { place: "Dockerfile:2", line: "RUM true" },
  },
  "a JSON form with a number": {
    dockerfile: 'FROM base\nCMD ["sleep", 10]\n',
    message: /arrays must be comprised of strings only/, hint: /double quotes/, frame: { place: "Dockerfile:2", line: 'CMD ["sleep", 10]' },
  },
  "SHELL without JSON": { dockerfile: "FROM base\n\nSHELL /bin/sh\n", message: /SHELL requires the arguments to be in JSON form/, hint: /./, frame: { place: "Dockerfile:3", line: "SHELL /bin/sh" } },
  "a file to copy that is missing": {
    dockerfile: "FROM base\nCOPY no-such-file /\n",
    message: /COPY: "\/no-such-file" not found in the build context/, hint: /nothing outside of it can be reached/, frame: { place: "Dockerfile:2", line: "COPY no-such-file /" },
  },
  "a file to copy that is almost there": {
    dockerfile: "FROM base\nCOPY reqirements.txt /\n",
    message: /"\/reqirements.txt" not found/, hint: /did you mean "requirements.txt"\?/, frame: { place: "Dockerfile:2", line: "COPY reqirements.txt /" },
  },
  "a stage to copy from that comes later": {
    dockerfile: "FROM base AS one\nCOPY --from=two /x /\nFROM base AS two\nFROM base\nCOPY --from=one /x /\n",
    message: /cannot copy from stage "two", it needs to be defined before current stage "one"/, hint: /move the stage above/, frame: { place: "Dockerfile:2", line: "COPY --from=two /x /" },
  },
  "stages that copy from each other": {
    dockerfile: "FROM base AS one\nCOPY --from=two /x /\nFROM base AS two\nCOPY --from=one /x /\n",
    message: /circular dependency detected on stage: one/, hint: /stages above it/, frame: { place: "Dockerfile:4", line: "COPY --from=one /x /" },
  },
  "a stage that copies from itself": {
    dockerfile: "FROM base AS one\nCOPY --from=one /x /\n",
    message: /circular dependency detected on stage: one/, hint: /stages above it/, frame: { place: "Dockerfile:2", line: "COPY --from=one /x /" },
  },
  "a stage number that does not exist": {
    dockerfile: "FROM base\nCOPY --from=7 /x /\n",
    message: /invalid stage index 7/, hint: /counted from 0/, frame: { place: "Dockerfile:2", line: "COPY --from=7 /x /" },
  },
  "a target that does not exist": {
    dockerfile: "FROM base AS builder\nFROM base AS final\n", words: ["--target", "bilder"],
    message: /target stage "bilder" could not be found \(did you mean builder\?\)/, hint: /builder, final/,
  },
  "no FROM": { dockerfile: "RUN true\n", message: /no build stage in current context/, hint: /put it below a FROM/, frame: { place: "Dockerfile:1", line: "RUN true" } },
  "ARG alone": { dockerfile: "ARG A=1\n", message: /contains no stages to build/, hint: /add a FROM/ },
  "an empty file": { dockerfile: "", message: /the Dockerfile cannot be empty/, hint: /FROM debian/ },
  "comments alone": { dockerfile: "# nothing\n\n", message: /file with no instructions/, hint: /FROM debian/ },
  "an empty name of the base": {
    dockerfile: "ARG BASE\nFROM ${BASE}\n",
    message: /base name \(\$\{BASE\}\) should not be blank/, hint: /--build-arg/, frame: { place: "Dockerfile:2", line: "FROM ${BASE}" },
  },
  "a line of 64 KiB": { dockerfile: `FROM base\nRUN true ${"x".repeat(65_536)}\n`, message: /line greater than max allowed size of 65535/, hint: /break the line/ },
  "NUL bytes": { dockerfile: Buffer.from("FROM base\nRUN echo \0\n"), message: /NUL/, hint: /save it as UTF-8/, frame: { place: "Dockerfile:2", line: "RUN echo \ufffd" } },
  "bytes that are no UTF-8": { dockerfile: Buffer.from("FROM base\nRUN echo \xff\n", "latin1"), message: /not a text in UTF-8/, hint: /save it as UTF-8/ },
  "a heredoc without an end": { dockerfile: "FROM base\nRUN <<EOF\ntrue\n", message: /unterminated heredoc/, frame: { place: "Dockerfile:2", line: "RUN <<EOF" } },
  "an unknown flag of an instruction": {
    dockerfile: "FROM base\nCOPY --form=base /x /\n", message: /unknown flag: (?:--)?form \(did you mean (?:--)?from\?\)/, frame: { place: "Dockerfile:2", line: "COPY --form=base /x /" },
  },
  "a quote that is not closed": { dockerfile: 'FROM base\nENV A="b\n', message: /A|unexpected end/, hint: /close the quote/, frame: { place: "Dockerfile:2", line: 'ENV A="b' } },
  "a variable that has to be set": {
    dockerfile: 'FROM base\nARG V\nLABEL v="${V:?give a version}"\n', message: /V: give a version/, frame: { place: "Dockerfile:3", line: 'LABEL v="${V:?give a version}"' },
  },
  "COPY to a folder that is a file": { dockerfile: "FROM base\nCOPY requirements.txt /etc/passwd/x\n", message: /is not a directory/, hint: /./, frame: { place: "Dockerfile:2", line: "COPY requirements.txt /etc/passwd/x" } },
};

test("a mistake in the Dockerfile is shown with its place, its reason and the way out", { skip: noBuilds }, async (context) => {
  const scratch = await scratchBuild(context);
  scratch.write({ "requirements.txt": "flask\n" });
  for (const [name, { dockerfile, words, ...expected }] of Object.entries(CASES)) {
    await context.test(name, async () => assertFault(await scratch.build(dockerfile, words ?? []), expected));
  }
  assertStoreWhole(scratch.root);
  const good = await scratch.build("FROM base\nCOPY requirements.txt /\n", ["-t", "good"]);
  assert.equal(good.status, 0, good.stderr);
});

test("a failed RUN shows its whole log, its place and its exit code, and the steps before it stay cached", { skip: noBuilds }, async (context) => {
  const scratch = await scratchBuild(context);
  const failed = await scratch.build("FROM base\nRUN touch /before\nRUN echo to-out; echo to-err >&2; \\\n    exit 42\n");
  assertFault(failed, { message: /process "\/bin\/sh -c echo to-out.*" did not complete successfully: exit code: 42/, hint: /next build starts here/, frame: { place: "Dockerfile:3", line: "RUN echo to-out" } });
  assert.match(failed.stderr, /to-out/);
  assert.match(failed.stderr, /to-err/);
  assertStoreWhole(scratch.root);
  const good = await scratch.build("FROM base\nRUN touch /before\nRUN true\n");
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stderr, /\[2\/3\] RUN touch \/before\n#\d+ CACHED/);
});

test("a program that is missing in RUN is named", { skip: noBuilds }, async (context) => {
  const scratch = await scratchBuild(context);
  assertFault(await scratch.build("FROM base\nRUN no-such-program\n"), { message: /exit code: 127/, hint: /did not find a program/, frame: { place: "Dockerfile:2", line: "RUN no-such-program" } });
  assertFault(await scratch.build('FROM base\nRUN ["/no/such/program"]\n'), { message: /\/no\/such\/program/, hint: /./, frame: { place: "Dockerfile:2", line: 'RUN ["/no/such/program"]' } });
  assertFault(await scratch.build("FROM base\nUSER nobody-here\nRUN true\n"), { status: 1, message: /nobody-here/, hint: /adduser/, frame: { place: "Dockerfile:3", line: "RUN true" } });
  assertStoreWhole(scratch.root);
});

test("nothing is written where the build fails: no image id, no archive, no metadata, no name", { skip: noBuilds }, async (context) => {
  const scratch = await scratchBuild(context);
  const files = ["id", "metadata.json", "image.tar", "tree"].map((name) => join(scratch.folder, name)) as [string, string, string, string];
  const failed = await scratch.build("FROM base\nRUN exit 1\n", [
    "-t", "half:1", "--iidfile", files[0], "--metadata-file", files[1], "-o", `type=oci,dest=${files[2]}`, "-o", `type=local,dest=${files[3]}`,
  ]);
  assertFault(failed, { message: /exit code: 1/ });
  for (const file of files) assert.ok(!existsSync(file), file);
  assert.doesNotMatch((await scratch.sampan(["images"])).stdout, /half/);
});
