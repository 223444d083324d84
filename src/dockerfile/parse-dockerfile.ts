import { fault, type SourceLocation } from "../std/fault.ts";
import { detectSyntax, findDirective } from "./directives.ts";
import { parseFlags, textFlag } from "./flags.ts";
import { goQuote } from "./go-quote.ts";
import type { ArgInstruction, Dockerfile, Instruction, Stage } from "./instruction.ts";
import { descriptionOf, instructionText, parseInstruction, withLine } from "./parse-instruction.ts";
import { locate, readLines } from "./read-lines.ts";
import { readNodes, type InstructionNode } from "./read-nodes.ts";

export type { Dockerfile, DockerfileWarning, Heredoc, Instruction, Stage } from "./instruction.ts";

/**
 * Reads a Dockerfile with the grammar of BuildKit 0.34 (Dockerfile frontend 1.28). Nothing is expanded and no
 * name is looked up. Errors of the lines as such are found before errors in arguments, as BuildKit does.
 * @param source its text, or its bytes in UTF-8
 * @throws DOCKERFILE_*, each with its place in the text
 */
export function parseDockerfile(source: string | Uint8Array, options: { file?: string } = {}): Dockerfile {
  const text = readLines(source, options.file ?? "Dockerfile");
  const { nodes, escape, warnings } = readNodes(text);
  const globalArgs: ArgInstruction[] = [];
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const node of nodes) {
    const location = locate(text, node.startLine, node.endLine);
    if (node.keyword.toLowerCase() === "from") {
      stages.push({ ...withLine(node, location, () => parseFrom(node, location)), index: stages.length, instructions: [] });
      continue;
    }
    const instruction = withLine(node, location, () => parseInstruction(node, location));
    const stage = stages.at(-1);
    if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === "arg") globalArgs.push(instruction);
    else throw fault("DOCKERFILE_NO_FROM", { instruction: node.keyword.toUpperCase() }, { location });
  }
  if (stages.length === 0) throw fault("DOCKERFILE_NO_STAGES", {}, { location: locate(text, text.lines.length) });
  const syntax = detectSyntax(text.text)?.reference;
  const check = findDirective(text.text.replace(/^#![^\n]*\n?/, ""), "check");
  return { file: text.file, source: text.text, escape, directives: { syntax, check }, globalArgs, stages, warnings };
}

/** `FROM [--platform=…] base [AS name]` */
function parseFrom(node: InstructionNode, location: SourceLocation): Omit<Stage, "index" | "instructions"> {
  const [base, as, writtenName] = node.args;
  if (base === undefined || (node.args.length !== 1 && (node.args.length !== 3 || node.args[1]!.toLowerCase() !== "as"))) {
    throw fault("DOCKERFILE_ARGUMENTS", { problem: "FROM requires either one or three arguments", hint: "write FROM <image>, or FROM <image> AS <name>" });
  }
  const name = writtenName?.toLowerCase();
  if (name !== undefined && !/^[a-z][a-z0-9\-_.]*$/.test(name)) throw fault("DOCKERFILE_STAGE_NAME", { name: goQuote(writtenName!) });
  const flags = parseFlags(node.flags, { platform: "text" });
  return {
    ...instructionText(node, location),
    base, name,
    ...(writtenName === undefined ? {} : { alias: { keyword: as!, written: writtenName } }),
    platform: textFlag(flags, "platform"),
    description: name === undefined ? undefined : descriptionOf(node.comments, name),
  };
}
