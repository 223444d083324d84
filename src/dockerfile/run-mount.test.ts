import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { expand } from "./expand.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";
import { checkMount, readMount } from "./run-mount.ts";

const plain = (value: string): string => value;

test("mounts have defaults by their type, and aliases in any case", () => {
  const cases: [string, Partial<ReturnType<typeof readMount>>][] = [
    ["target=/x", { type: "bind", target: "/x", readonly: true }],
    ["TYPE=Cache,dst=/x", { type: "cache", target: "/x", readonly: false }],
    ["type=tmpfs,destination=/x,size=1.5k", { type: "tmpfs", readonly: false, size: 1536 }],
    ["type=bind,src=a,rw=1", { source: "a", readonly: false }],
    ["rw,ro,target=/x", { readonly: true }],
    ["type=secret,id=a,env=A,mode=0644,uid=5,required", { id: "a", env: "A", mode: 0o644, uid: 5, required: true }],
  ];
  for (const [text, expected] of cases) assert.partialDeepStrictEqual(readMount(text, plain), expected, text);
  assert.equal(readMount('"target=/a,b",source=c', plain).target, "/a,b");
});

/** Pieces that mean something, between any characters. */
const pieces = fc.oneof(
  fc.constantFrom("type=", "bind", "cache", "secret", "ssh", "tmpfs", ",", "=", '"', '""', "target=", "from=", "$A", "${A:-b}", "${", "size=", "1g", "mode=", "0777", "required", "ro", "\\", "'", "sharing=", "locked"),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const texts = fc.array(pieces, { maxLength: 12 }).map((list) => list.join(""));

/** Whether it ends well or with a fault; anything else is thrown. */
function onlyFaults(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!isFault(error)) throw error;
  }
}

const runs = Number(process.env["SAMPAN_FUZZ_RUNS"] ?? 2000);

test("whatever stands in --mount is read or refused by a fault", () => {
  const env = new Map([["A", "a,b=c"]]);
  fc.assert(fc.property(texts, (text) => {
    onlyFaults(() => checkMount(text));
    onlyFaults(() => readMount(text, (value) => expand(value, env).value));
    onlyFaults(() => parseDockerfile(`FROM x\nRUN --mount=${text} true\n`, { file: "Dockerfile" }));
  }), { numRuns: runs });
});
