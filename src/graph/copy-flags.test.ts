import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDockerfile } from "../dockerfile/parse-dockerfile.ts";
import type { CopyInstruction } from "../dockerfile/instruction.ts";
import { copyFlags } from "./copy-flags.ts";

function flagsOf(line: string): ReturnType<typeof copyFlags> {
  const instruction = parseDockerfile(`FROM scratch\n${line}\n`).stages[0]!.instructions[0] as CopyInstruction;
  return copyFlags(instruction, instruction.sources, (word) => word.replace("$V", "7"));
}

describe("flags of COPY and ADD", () => {
  test("have variables filled in where BuildKit does it", () => {
    assert.deepEqual(flagsOf("COPY --chown=$V --chmod=$V --exclude=$V --parents a /"), { chown: "7", chmod: "7", exclude: ["$V"], parents: true });
  });

  test("are left out where they say what is so anyway", () => {
    assert.deepEqual(flagsOf("COPY --parents=false a /"), {});
    assert.deepEqual(flagsOf("ADD --unpack=false a /"), { unpack: false });
  });

  test("may not look names up for a linked layer", () => {
    for (const owner of ["app", "app:1", "1:app", "99999999999"]) {
      assert.throws(() => flagsOf(`COPY --link --chown=${owner} a /`), { code: "COPY_FLAG_INVALID" }, owner);
    }
    for (const owner of ["1", "1:2", "root", "root:root", ":3", "4:"]) assert.equal(flagsOf(`COPY --link --chown=${owner} a /`).chown, owner);
  });

  test("have a checksum for one remote source only", () => {
    assert.throws(() => flagsOf("ADD --checksum=sha256:aa a b /"), { message: "checksum can't be specified for multiple sources" });
    assert.throws(() => flagsOf("ADD --checksum=sha256:aa a /"), { message: "checksum requires HTTP(S) or Git sources" });
    assert.deepEqual(flagsOf("ADD --checksum=sha256:aa https://example.com/a /"), { checksum: "sha256:aa" });
  });
});
