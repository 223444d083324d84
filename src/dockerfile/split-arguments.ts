import { fault } from "../std/fault.ts";
import { goQuote } from "./go-quote.ts";
import { splitBlanks, splitFirstBlank, splitInstruction, splitQuoted } from "./split-words.ts";
import { trimSpaceStart } from "./unicode.ts";

/** Arguments of an instruction, before anything is known of their meaning. */
export interface Arguments {
  /** ENV and LABEL: key, value and separator (`=` or nothing) in turn. */
  readonly args: readonly string[];
  /** Written as a JSON array. */
  readonly json: boolean;
  /** ONBUILD: the instruction behind it. */
  readonly inner?: InstructionParts;
}

/** An instruction line in its parts. */
export interface InstructionParts extends Arguments {
  /** The first word as written. */
  readonly keyword: string;
  readonly flags: readonly string[];
}

type Grammar = (rest: string, escape: string) => Arguments;

/**
 * Splits a line, continuation lines joined, by the grammar of its instruction (dockerfile reference, 1.5 and 1.6).
 * @throws DOCKERFILE_JSON, DOCKERFILE_ARGUMENTS
 */
export function splitLine(line: string, escape: string): InstructionParts {
  const { keyword, flags, rest } = splitInstruction(line, escape);
  const grammar = Object.hasOwn(GRAMMARS, keyword.toLowerCase()) ? GRAMMARS[keyword.toLowerCase()]! : unknownInstruction;
  return { keyword, flags, ...grammar(rest, escape) };
}

const unknownInstruction: Grammar = () => ({ args: [""], json: false });
const wholeRest: Grammar = (rest) => ({ args: rest === "" ? [] : [rest], json: false });
const blankSeparated: Grammar = (rest) => ({ args: splitBlanks(rest), json: false });
const jsonOrText: Grammar = (rest) => jsonArray(rest) ?? wholeRest(rest, "");
const jsonOrWords: Grammar = (rest) => jsonArray(rest) ?? blankSeparated(rest, "");
const quotedWords: Grammar = (rest, escape) => ({ args: splitQuoted(rest, escape), json: false });

/** Names of all instructions with the grammar of their arguments. */
const GRAMMARS: Readonly<Record<string, Grammar>> = {
  add: jsonOrWords,
  arg: quotedWords,
  cmd: jsonOrText,
  copy: jsonOrWords,
  entrypoint: jsonOrText,
  env: (rest, escape) => keyValues("ENV", rest, escape),
  expose: blankSeparated,
  from: blankSeparated,
  healthcheck: typeAndCommand,
  label: (rest, escape) => keyValues("LABEL", rest, escape),
  maintainer: wholeRest,
  onbuild: innerInstruction,
  run: jsonOrText,
  shell: jsonOrText,
  stopsignal: wholeRest,
  user: wholeRest,
  volume: jsonOrWords,
  workdir: wholeRest,
};

export const instructionNames: readonly string[] = Object.keys(GRAMMARS);

/** What is not valid JSON, or no array, is not an error but the other form. */
function jsonArray(rest: string): Arguments | undefined {
  const text = trimSpaceStart(rest);
  if (!text.startsWith("[")) return undefined;
  let members: readonly unknown[];
  try {
    members = JSON.parse(text, refuseHugeNumbers) as readonly unknown[];
  } catch {
    return undefined;
  }
  const args = members.filter((member) => typeof member === "string");
  if (args.length < members.length) throw fault("DOCKERFILE_JSON", {});
  if (args.some((arg) => arg.includes("\0"))) throw fault("DOCKERFILE_ARGUMENTS", { problem: "the JSON form has a NUL character, which no argument of a command and no path can hold", hint: "leave \\u0000 out" });
  // Go has no lone surrogates: "\ud800" becomes U+FFFD there.
  return { args: args.map((arg) => arg.toWellFormed()), json: true };
}

/** Go takes numbers that no float64 can hold for invalid. */
function refuseHugeNumbers(_key: string, value: unknown): unknown {
  if (value === Infinity || value === -Infinity) throw new RangeError("a number is too large");
  return value;
}

/** `name=value …`, or the old form `NAME rest of the line`. */
function keyValues(instruction: string, rest: string, escape: string): Arguments {
  const words = splitQuoted(rest, escape);
  if (words.length === 0) return { args: [], json: false };
  if (!words[0]!.includes("=")) {
    const [name, value] = splitFirstBlank(rest);
    if (value === undefined) throw fault("DOCKERFILE_ARGUMENTS", { problem: `${instruction} must have two arguments`, hint: `write ${instruction} name=value` });
    return { args: [name, value, ""], json: false };
  }
  return { args: words.flatMap(nameAndValue), json: false };
}

function nameAndValue(word: string): string[] {
  const equals = word.indexOf("=");
  if (equals < 0) {
    throw fault("DOCKERFILE_ARGUMENTS", { problem: `Syntax error - can't find = in ${goQuote(word)}. Must be of the form: name=value` });
  }
  return [word.slice(0, equals), word.slice(equals + 1), "="];
}

/** HEALTHCHECK: the first word is a type, the rest as in CMD. */
function typeAndCommand(rest: string): Arguments {
  if (rest === "") return { args: [], json: false };
  // Only ASCII spaces end the type, unlike elsewhere.
  const [, type = "", command = ""] = /^([^\t\n\v\f\r ]+)[\t\n\v\f\r ]*([^]*)$/.exec(rest) ?? [];
  const line = jsonOrText(command, "");
  return { ...line, args: [type, ...line.args] };
}

function innerInstruction(rest: string, escape: string): Arguments {
  if (rest === "") return { args: [], json: false };
  const inner = splitLine(rest, escape);
  return { args: [inner.keyword, ...inner.args], json: false, inner };
}
