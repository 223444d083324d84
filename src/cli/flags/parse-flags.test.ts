import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { flagFault } from "./flag-fault.ts";
import { flagTable, formatWord, jsonWord } from "./flag.ts";
import { FlagProblem, parseFlags } from "./parse-flags.ts";

const table = flagTable({
  tag: { kind: "list", short: "t", help: "" },
  file: { kind: "text", short: "f", help: "" },
  interactive: { kind: "switch", short: "i", help: "" },
  tty: { kind: "switch", short: "T", help: "" },
  rm: { kind: "switch", help: "" },
  "build-arg": { kind: "list", help: "" },
  progress: { kind: "text", help: "", choices: ["auto", "plain"], default: "auto" },
  secret: { kind: "list", short: "s", help: "", refused: "not yet" },
});

const parse = (...words: string[]) => parseFlags(words, table);
const faultOf = (call: () => unknown): { code: string; message: string; hint: string | undefined } => {
  try {
    call();
  } catch (error) {
    if (!(error instanceof FlagProblem)) throw error;
    const { code, message, hint } = flagFault(error, table);
    return { code, message, hint };
  }
  throw new Error("nothing was thrown");
};

test("flags are read as Docker reads them", () => {
  const cases: [string[], Record<string, unknown>, string[]][] = [
    [["-t", "a", "-t", "b", "."], { tag: ["a", "b"] }, ["."]],
    [["-ta", "-t=b"], { tag: ["a", "b"] }, []],
    [["--tag=a=b", "."], { tag: ["a=b"] }, ["."]],
    [["-iT", "img"], { interactive: true, tty: true }, ["img"]],
    [["-ifx", "img"], { interactive: true, file: "x" }, ["img"]],
    [["--rm=false"], { rm: false }, []],
    [["--rm", "false"], { rm: true }, ["false"]],
    [["-i=false"], { interactive: false }, []],
    [["--build-arg", "-x", "--build-arg", "--tag"], { "build-arg": ["-x", "--tag"] }, []],
    [["-f", "-", "."], { file: "-" }, ["."]],
    [["-f", "--", "."], { file: "--" }, ["."]],
    [["--file=", "-"], { file: "" }, ["-"]],
    [[".", "-t", "late"], { tag: ["late"] }, ["."]],
    [["-i", "--", "-t", "x"], { interactive: true, tag: [] }, ["-t", "x"]],
    [["-f", "one", "-f", "two"], { file: "two" }, []],
  ];
  for (const [words, flags, positionals] of cases) {
    const parsed = parse(...words);
    assert.deepEqual(parsed.positionals, positionals, words.join(" "));
    for (const [name, value] of Object.entries(flags)) assert.deepEqual(parsed.flags[name as "tag"], value, words.join(" "));
  }
});

test("what is not given has its default, and only what is given is in `given`", () => {
  const { flags, given } = parse("--rm", ".");
  assert.deepEqual(flags, { tag: [], file: undefined, interactive: false, tty: false, rm: true, "build-arg": [], progress: "auto", secret: [] });
  assert.deepEqual([...given], ["rm"]);
});

test("without interspersion the first word ends the flags", () => {
  const { flags, positionals } = parseFlags(["-i", "img", "-t", "x", "--", "y"], table, { interspersed: false });
  assert.equal(flags.interactive, true);
  assert.deepEqual(positionals, ["img", "-t", "x", "--", "y"]);
});

test("an unknown flag is wrong usage, with the flag that was meant", () => {
  assert.deepEqual(faultOf(() => parse("--buld-arg", "x")), { code: "USAGE", message: "unknown flag: --buld-arg", hint: "did you mean --build-arg?" });
  assert.equal(faultOf(() => parse("--quite-different")).hint, undefined);
  assert.equal(faultOf(() => parse("-iz")).message, "unknown shorthand flag: 'z' in -iz");
});

test("names that every object has are unknown flags too", () => {
  for (const name of ["constructor", "toString", "__proto__"]) assert.equal(faultOf(() => parse(`--${name}`)).code, "USAGE");
});

test("a missing value, a value that is no choice and a switch with a strange value are wrong usage", () => {
  assert.equal(faultOf(() => parse("-f")).message, "flag needs an argument: -f, --file");
  assert.equal(faultOf(() => parse("--progress", "fancy")).hint, "it is one of auto, plain");
  assert.equal(faultOf(() => parse("--rm=perhaps")).code, "USAGE");
});

test("a flag of a later version is refused by name, in both forms", () => {
  assert.deepEqual(faultOf(() => parse("--secret", "id=x")), {
    code: "NOT_SUPPORTED", message: "the flag --secret is not supported by this version of Sampan", hint: "not yet",
  });
  assert.match(faultOf(() => parse("-s", "x")).message, /-s, --secret/);
});

test("words behind -- are never read, whatever they are", () => {
  fc.assert(fc.property(fc.array(fc.string()), (words) => {
    assert.deepEqual(parse("--", ...words).positionals, words);
  }));
});

test("every value of a list comes through as it was written, in its place", () => {
  fc.assert(fc.property(fc.array(fc.string()), (values) => {
    assert.deepEqual(parse(...values.flatMap((value) => ["--build-arg", value])).flags["build-arg"], values);
    assert.deepEqual(parse(...values.map((value) => `--build-arg=${value}`)).flags["build-arg"], values);
  }));
});

test("--json is another word for --format json, and the other way round; the last one counts", () => {
  const table = flagTable({ format: { kind: "text", help: "" }, ...jsonWord });
  assert.equal(parseFlags(["--json"], table).flags.format, "json");
  assert.equal(parseFlags(["--json", "--format", "{{.ID}}"], table).flags.format, "{{.ID}}");
  assert.equal(parseFlags(["--format", "{{.ID}}", "--json"], table).flags.format, "json");
  assert.equal(parseFlags(["--json=false"], table).flags.format, undefined);
  const other = flagTable({ json: { kind: "switch", help: "" }, ...formatWord });
  assert.equal(parseFlags(["--format", "json"], other).flags.json, true);
  assert.equal(parseFlags([], other).flags.json, false);
  assert.throws(() => parseFlags(["--format", "{{.ID}}"], other), /invalid argument "{{.ID}}" for --format/);
});
