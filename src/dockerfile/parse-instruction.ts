import { fault, Fault, type SourceLocation } from "../std/fault.ts";
import { parseFlags } from "./flags.ts";
import type { CommandLine, Instruction, InstructionText, KeyValue } from "./instruction.ts";
import { parseAdd, parseCopy } from "./parse-copy.ts";
import { parseHealthcheck } from "./parse-healthcheck.ts";
import { parseRun } from "./parse-run.ts";
import type { InstructionNode } from "./read-nodes.ts";
import { instructionNames } from "./split-arguments.ts";
import { suggest } from "./suggest.ts";
import { trimSpace } from "./unicode.ts";

/** An instruction without what all have in common. */
type Meaning = Instruction extends infer Each ? (Each extends Instruction ? Omit<Each, keyof InstructionText> : never) : never;
type Parser = (node: InstructionNode) => Meaning;

/**
 * Gives a node its meaning: flags, argument counts, values (dockerfile reference, 1.5 to 1.8). Not for FROM.
 * @throws DOCKERFILE_INSTRUCTION, DOCKERFILE_FLAG, DOCKERFILE_ARGUMENTS, DOCKERFILE_HEREDOC, DOCKERFILE_INVALID
 */
export function parseInstruction(node: InstructionNode, location: SourceLocation): Instruction {
  const keyword = node.keyword.toLowerCase();
  const parser = Object.hasOwn(PARSERS, keyword) ? PARSERS[keyword]! : undefined;
  if (parser === undefined) {
    const names = instructionNames.map((name) => name.toUpperCase());
    throw fault("DOCKERFILE_INSTRUCTION", { instruction: node.keyword, near: suggest(node.keyword, names, { ignoreCase: true }) });
  }
  return { ...instructionText(node, location), ...parser(node) };
}

/** What every instruction has. */
export function instructionText(node: InstructionNode, location: SourceLocation): InstructionText {
  return { location, keyword: node.keyword, original: withBodies(node.line, node), comments: node.comments };
}

/** Runs `work` for an instruction; what it throws gets the place and BuildKit's prefix. */
export function withLine<Result>(node: InstructionNode, location: SourceLocation, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Fault) || error.location) throw error;
    throw new Fault(error.code, { ...(error.details as object), line: node.startLine }, { cause: error.cause, location });
  }
}

const PARSERS: Readonly<Record<string, Parser>> = {
  add: parseAdd,
  arg: parseArg,
  cmd: (node) => ({ kind: "cmd", ...commandLine(node) }),
  copy: parseCopy,
  entrypoint: (node) => ({ kind: "entrypoint", ...commandLine(node) }),
  env: (node) => ({ kind: "env", pairs: keyValues(node, "ENV") }),
  expose: parseExpose,
  healthcheck: parseHealthcheck,
  label: (node) => ({ kind: "label", pairs: keyValues(node, "LABEL") }),
  maintainer: (node) => ({ kind: "maintainer", value: onlyArgument(node, "MAINTAINER") }),
  onbuild: parseOnbuild,
  run: parseRun,
  shell: parseShell,
  stopsignal: (node) => ({ kind: "stopsignal", value: soleArgument(node, "STOPSIGNAL") }),
  user: (node) => ({ kind: "user", value: onlyArgument(node, "USER") }),
  volume: parseVolume,
  workdir: (node) => ({ kind: "workdir", value: onlyArgument(node, "WORKDIR") }),
};

/** BuildKit does not look at the flags of ARG, nor at those of STOPSIGNAL. */
function parseArg({ args, comments }: InstructionNode): Meaning {
  atLeastOne(args, "ARG");
  return { kind: "arg", args: args.map((arg) => ({ ...nameAndDefault(arg), ...describe(comments, arg) })) };
}

function nameAndDefault(arg: string): { name: string; value?: string } {
  const equals = arg.indexOf("=");
  if (equals < 0) return { name: arg };
  if (equals === 0) throw invalidArguments("ARG names can not be blank");
  return { name: arg.slice(0, equals), value: arg.slice(equals + 1) };
}

function describe(comments: readonly string[], arg: string): { comment?: string } {
  const comment = descriptionOf(comments, arg.split("=", 1)[0]!);
  return comment === undefined ? {} : { comment };
}

/** What a comment line `<name> …` above a definition says of it. */
export function descriptionOf(comments: readonly string[], name: string): string | undefined {
  return comments.find((comment) => comment.startsWith(`${name} `))?.slice(name.length + 1);
}

function commandLine({ args, json, flags }: InstructionNode): CommandLine {
  parseFlags(flags, {});
  return { form: json ? "exec" : "shell", args };
}

function keyValues({ args, flags }: InstructionNode, instruction: string): KeyValue[] {
  parseFlags(flags, {});
  atLeastOne(args, instruction);
  const pairs: KeyValue[] = [];
  for (let at = 0; at < args.length; at += 3) {
    if (args[at] === "") throw invalidArguments(`${instruction} names can not be blank`);
    pairs.push({ key: args[at]!, value: args[at + 1]!, legacy: args[at + 2] === "" });
  }
  return pairs;
}

function parseExpose({ args, flags }: InstructionNode): Meaning {
  atLeastOne(args, "EXPOSE");
  parseFlags(flags, {});
  return { kind: "expose", ports: [...args].sort() };
}

function parseOnbuild({ args, flags, line, heredocs }: InstructionNode): Meaning {
  atLeastOne(args, "ONBUILD");
  parseFlags(flags, {});
  const inner = trimSpace(args[0]!).toUpperCase();
  if (inner === "ONBUILD") throw fault("DOCKERFILE_INVALID", { problem: "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed" });
  if (inner === "MAINTAINER" || inner === "FROM") throw fault("DOCKERFILE_INVALID", { problem: `${inner} isn't allowed as an ONBUILD trigger` });
  return { kind: "onbuild", trigger: withBodies(line.replace(/^[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*/i, ""), { heredocs }) };
}

function parseShell({ args, json, flags }: InstructionNode): Meaning {
  parseFlags(flags, {});
  atLeastOne(args, "SHELL");
  if (!json) throw invalidArguments("SHELL requires the arguments to be in JSON form", 'write it like SHELL ["/bin/bash", "-c"]');
  return { kind: "shell", args };
}

function parseVolume({ args, flags }: InstructionNode): Meaning {
  atLeastOne(args, "VOLUME");
  parseFlags(flags, {});
  const paths = args.map(trimSpace);
  if (paths.includes("")) throw fault("DOCKERFILE_INVALID", { problem: "VOLUME specified can not be an empty string" });
  return { kind: "volume", paths };
}

function onlyArgument(node: InstructionNode, instruction: string): string {
  const argument = soleArgument(node, instruction);
  parseFlags(node.flags, {});
  return argument;
}

function soleArgument({ args }: InstructionNode, instruction: string): string {
  if (args.length !== 1) throw invalidArguments(`${instruction} requires exactly one argument`);
  return args[0]!;
}

function atLeastOne(args: readonly string[], instruction: string): void {
  if (args.length === 0) throw invalidArguments(`${instruction} requires at least one argument`);
}

function invalidArguments(problem: string, hint?: string): Error {
  return fault("DOCKERFILE_ARGUMENTS", { problem, hint });
}

function withBodies(line: string, { heredocs }: Pick<InstructionNode, "heredocs">): string {
  return line + heredocs.map(({ name, content }) => `\n${content}${name}`).join("");
}
