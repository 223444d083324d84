import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAnnotation } from "../../src/build/annotations.ts";
import { parseLocation } from "../../src/carry/location.ts";
import { attestFlags } from "../../src/cli/build/attest-flags.ts";
import { bakePlace } from "../../src/cli/bake/bake-place.ts";
import { cacheExports, cacheImports, mountExports } from "../../src/cli/build/cache-flags.ts";
import { parseBuildCall } from "../../src/cli/build/call-flag.ts";
import { buildArgsOf, contextsOf, platformsOf } from "../../src/cli/build/frontend-flags.ts";
import { buildOutputs } from "../../src/cli/build/outputs.ts";
import { allowFlags, secretFlags, sshFlags } from "../../src/cli/build/secret-flags.ts";
import { workerOutputs } from "../../src/cli/build/worker-outputs.ts";
import { extraHosts } from "../../src/cli/flags/extra-hosts.ts";
import { parseGitUrl } from "../../src/context/git-url.ts";
import { remoteContext } from "../../src/context/remote-context.ts";
import { expand } from "../../src/dockerfile/expand.ts";
import { compileIgnore, parseIgnoreFile } from "../../src/dockerfile/ignore.ts";
import type { Instruction } from "../../src/dockerfile/instruction.ts";
import { parseDockerfile } from "../../src/dockerfile/parse-dockerfile.ts";
import { readMount } from "../../src/dockerfile/run-mount.ts";
import { parsePorts } from "../../src/graph/parse-ports.ts";
import { sourceDate } from "../../src/graph/source-date.ts";
import { formatPlatform, parsePlatform } from "../../src/oci/platform.ts";
import { formatReference, parseReference } from "../../src/oci/reference.ts";
import { isFault } from "../../src/std/fault.ts";

const LONG = ["a".repeat(300), "../".repeat(40), "%2e%2e/", "\0", "\n", "é", "\u2028", "\ud800", "__proto__", "constructor", "-", "--upload-pack=x"];

/** Texts that are nearly right: pieces of what is, with something odd between them. */
const wordsOf = (...pieces: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...pieces) }, { weight: 1, arbitrary: fc.constantFrom(...LONG) }, { weight: 1, arbitrary: fc.string({ maxLength: 4, unit: "binary" }) }), { maxLength: 9 }).map((all) => all.join(""));

const git = wordsOf("https://", "git://", "ssh://", "git@", "github.com/", "host", "127.0.0.1:80", "/", "team/app.git", ".git", "?", "#", "&", "ref=", "tag=v1", "branch=main", "subdir=", "checksum=", "keep-git-dir", "=1", "submodules=false", "mtime=commit", "fetch-by-commit", ":", "sub/dir", "..", "user:secret@", "refs/heads/x", "0123abc");
const reference = wordsOf("a", "registry.example.com", ":5000", "localhost", "/", "team", "__", ".", "-", ":", "1.0", "@", "sha256:", "0".repeat(64), "[::1]", "A", "library/");
const attributes = wordsOf("type=", "image", "registry", "oci", "docker", "local", "tar", "inline", "s3", "gha", ",", "=", "\"", "\"\"", "dest=", "src=", "ref=", "name=", "push=true", "mode=max", "mode=delete", "compression=zstd", "compression-level=", "-1", "99", "annotation.", "annotation-index[linux/amd64].k", "tar=false", "rewrite-timestamp", "true", "platform-split", "id=", "env=", "max", "disabled=", "oci-mediatypes=false", "bucket=", "region=", "tag=", "digest=", "ignore-error=", "image-manifest=", "attestation-prefix=");
const platform = wordsOf("linux", "windows", "amd64", "arm64", "arm", "/", "v7", "(10.0)", ",", "x86_64", "local", "darwin");
const mount = wordsOf("type=", "bind", "cache", "tmpfs", "secret", "ssh", ",", "target=", "/x", "from=", "$V", "source=", "rw", "ro", "id=", "sharing=", "locked", "mode=", "0755", "uid=", "gid=", "-1", "size=", "64m", "required", "=true", "env=", "\"", "dst=", "${V:-x}");
const variables = wordsOf("$", "{", "}", "a", "V", ":", "-", "+", "?", "#", "%", "##", "%%", "/", "//", "*", "\\", "\"", "'", "<<", " ", "1", "@", "$1", "\\*", "[", "]");
const patterns = wordsOf("a", "b", "/", "**", "*", "?", "[", "]", "^", "-", "!", "#", "\\", ".", "..", "\n", "\r\n", " ", "\ufeff", "{", "}", "(", ")", "+", "|", "$");
const ports = wordsOf("80", "-", "/", "tcp", "udp", "UDP", ":", "127.0.0.1", "65536", "[::1]", "$", "sctp", "0");

const ENV = { A: "1", AWS_REGION: "x", SSH_AUTH_SOCK: "/nonexistent" };
const around = { cwd: "/nonexistent", env: ENV };
const output = { push: false, load: false, several: false, terminal: false };

const READERS: Readonly<Record<string, readonly [fc.Arbitrary<string>, (text: string) => unknown]>> = {
  "git URLs": [git, (text) => {
    const url = parseGitUrl(text);
    assert.deepEqual(parseGitUrl(text), url);
    assert.doesNotMatch(url.remote, /^-|[\0\n]/, "git would take it for something else");
    assert.ok(url.subdir === undefined || !`/${url.subdir}/`.includes("/../"), url.subdir);
    assert.ok(url.ref === undefined || !url.ref.startsWith("-"), url.ref);
  }],
  "contexts": [git, (text) => remoteContext(text)],
  "places of bake files": [git, (text) => bakePlace([text, text, "x"])],
  "references": [reference, (text) => {
    const formatted = formatReference(parseReference(text));
    assert.equal(formatReference(parseReference(formatted)), formatted);
  }],
  "locations": [fc.tuple(fc.constantFrom("docker://", "oci:", "oci-archive:", "docker-archive:", "dir:", "store:", ""), reference).map((all) => all.join("")), (text) => parseLocation(text)],
  "platforms": [platform, (text) => {
    const formatted = formatPlatform(parsePlatform(text));
    assert.equal(formatPlatform(parsePlatform(formatted)), formatted);
  }],
  "lists of platforms": [platform, (text) => platformsOf([text], ENV)],
  "outputs": [attributes, (text) => buildOutputs({ ...output, output: [text] })],
  "outputs of a worker": [attributes, (text) => workerOutputs({ ...output, output: [text], names: ["a:1"], insecure: false, annotations: [] })],
  "caches to read": [attributes, (text) => cacheImports([text], ENV)],
  "caches to write": [attributes, (text) => cacheExports([text], ENV)],
  "cache mounts to write": [attributes, (text) => mountExports([text], ENV)],
  "attestations": [attributes, (text) => attestFlags({ attest: [text], provenance: text, sbom: text })],
  "annotations": [attributes, (text) => parseAnnotation(text)],
  "secrets": [attributes, (text) => secretFlags([text], around)],
  "agents": [attributes, (text) => sshFlags([text], around)],
  "rights": [attributes, (text) => allowFlags([text])],
  "calls": [attributes, (text) => parseBuildCall(text)],
  "arguments": [attributes, (text) => buildArgsOf([text], ENV)],
  "named contexts": [attributes, (text) => contextsOf([text])],
  "extra hosts": [ports, (text) => extraHosts([text])],
  "mounts": [mount, (text) => readMount(text, (value) => expand(value, new Map([["V", "/v"]])).value)],
  "expansions": [variables, (text) => expand(text, new Map([["a", "xaxbx"], ["V", "/v/*"]]))],
  "ignore rules": [patterns, (text) => {
    const rules = parseIgnoreFile(text);
    const { matches } = compileIgnore(rules);
    for (const path of ["a", "a/b", "a/b/a/b", "b.", "-", ".."]) assert.equal(typeof matches(path), "boolean");
  }],
  "ports": [ports, (text) => parsePorts(text)],
  "times": [ports, (text) => sourceDate(text, 5)],
};

for (const [name, [texts, read]] of Object.entries(READERS)) {
  test(`any words are ${name} or a fault`, () => {
    fc.assert(fc.property(texts, (text) => {
      try {
        read(text);
      } catch (error) {
        assert.ok(isFault(error), `${JSON.stringify(text)}: ${String((error as Error).stack)}`);
      }
    }), { numRuns: 300 });
  });
}

const json = fc.oneof(
  fc.array(fc.string({ unit: fc.constantFrom("a", " ", "\"", "\\", "$V", "é", "\u0001", "'", ",", "]") }), { maxLength: 4 }).map((list) => JSON.stringify(list)),
  wordsOf("[", "]", "\"", ",", " ", "a", "\\", "\\u00e9", "\\ud83d", "'", "null", "1", "{", "}", "\t", "[\"x\"", "true", ":"),
);

test("a JSON form is what JSON says it is, and anything else is a command or a fault", () => {
  fc.assert(fc.property(json, (text) => {
    fc.pre(!/[\0\r\n]/.test(text) && text.trim() !== "" && !/\\\s*$|<<|^\s*-|\p{Surrogate}/u.test(text));
    let command: Instruction | undefined;
    try {
      [command] = parseDockerfile(`FROM scratch\nCMD ${text}\n`).stages[0]!.instructions;
    } catch (error) {
      assert.ok(isFault(error), String((error as Error).stack));
      return;
    }
    let expected: unknown;
    try {
      expected = JSON.parse(text.trim());
    } catch { /* It is a command. */ }
    assert.ok(command?.kind === "cmd");
    if (Array.isArray(expected) && expected.every((item) => typeof item === "string")) assert.deepEqual([command.form, command.args], ["exec", expected]);
    else assert.equal(command.form, "shell", text);
  }), { numRuns: 1000 });
});
