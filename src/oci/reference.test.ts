import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { sha256 } from "./digest.ts";
import { familiarReference, formatReference, parseReference, type Reference } from "./reference.ts";

const DIGEST = sha256("x");

test("short names are those of Docker Hub, and the first component is a host only when it looks like one", () => {
  const full = (text: string): string => formatReference(parseReference(text));
  for (const [text, expected] of [
    ["alpine", "docker.io/library/alpine:latest"],
    ["team/app:1.0", "docker.io/team/app:1.0"],
    ["index.docker.io/alpine:3", "docker.io/library/alpine:3"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/a/b/c:d", "localhost:5000/a/b/c:d"],
    ["Host/app:1", "Host/app:1"],
    ["[::1]:5000/app", "[::1]:5000/app:latest"],
    [`alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`],
    [`r.example/app:1@${DIGEST}`, `r.example/app:1@${DIGEST}`],
  ] as const) assert.equal(full(text), expected);
  assert.equal(parseReference("alpine", { implicitTag: false }).tag, undefined);
});

test("what does not follow the grammar is refused with its reason", () => {
  for (const [text, problem] of [
    ["", /empty/], ["app:", /tag is empty/], ["app:-x", /not a valid tag/], [`app:${"t".repeat(129)}`, /not a valid tag/], ["App:1", /lower case/],
    ["a b", /grammar/], ["a//b", /grammar/], ["/a", /grammar/], ["a/", /grammar/], ["a__b___c", /grammar/], ["-a", /grammar/], ["a:b:c", /grammar/], ["../etc", /registry host/], ["a/../b", /grammar/],
    ["r.example:x/app", /registry host/], ["app@sha256:12", /digest/], ["f".repeat(64), /image id/], [`r.example/${"a".repeat(250)}`, /255/],
  ] as const) {
    assert.throws(() => parseReference(text), (error) => isFault(error, "REFERENCE_INVALID") && problem.test(error.message), text);
  }
});

const component = fc.stringMatching(/^[a-z0-9]{1,4}(?:[._-][a-z0-9]{1,4}){0,2}$/);
const reference: fc.Arbitrary<Reference> = fc.record({
  host: fc.constantFrom("docker.io", "r.example", "127.0.0.1:5000", "localhost", "[::1]:80"),
  repository: fc.array(component, { minLength: 2, maxLength: 3 }).map((parts) => parts.join("/")),
  tag: fc.stringMatching(/^\w[\w.-]{0,8}$/),
  digest: fc.option(fc.constant(DIGEST), { nil: undefined }),
}).map(({ digest, ...rest }) => ({ ...rest, ...(digest ? { digest } : {}) }));

test("the full and the familiar form of a reference are read back as the same", () => {
  fc.assert(fc.property(reference, (given) => {
    assert.deepEqual(parseReference(formatReference(given)), given);
    assert.deepEqual(parseReference(familiarReference(given)), given);
  }), { examples: [[{ host: "docker.io", repository: "a.b/c", tag: "1" }], [{ host: "docker.io", repository: "localhost/c", tag: "1" }]] });
});

test("a URL in the place of a reference is told what to leave away, and its password is not repeated", () => {
  for (const login of ["bee:SECRET@", "bee:SECRET/b@SECRET@", "SECRET@", ""]) {
    for (const end of [":1", `@sha256:${"0".repeat(64)}`]) {
      assert.throws(() => parseReference(`https://${login}r.example/a${end}`), (error) => isFault(error, "REFERENCE_INVALID") && error.hint?.startsWith(`a reference has no scheme: r.example/a${end};`) === true && !/SECRET/.test(`${error.message}${error.hint}`));
    }
  }
});
