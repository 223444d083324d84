import { fault, Fault, type SourceLocation } from "../std/fault.ts";
import { goQuote } from "./go-quote.ts";
import type { Instruction } from "./instruction.ts";
import { parseInstruction } from "./parse-instruction.ts";
import { locate, readLines } from "./read-lines.ts";
import { readNodes } from "./read-nodes.ts";

/**
 * Reads an ONBUILD trigger as an image config keeps it. The escape character is `\`, whatever the Dockerfile said
 * that the trigger was written in.
 * @param options.location the FROM that fires the trigger; the trigger's own text when absent
 * @throws DOCKERFILE_TRIGGER with the place of that FROM, or in the trigger's text
 */
export function parseTrigger(trigger: string, options: { location?: SourceLocation } = {}): Instruction {
  const refuse = (problem: string, place: SourceLocation): Error =>
    fault("DOCKERFILE_TRIGGER", { trigger: goQuote(trigger), problem }, { location: options.location ?? place });
  const whole: SourceLocation = { file: "ONBUILD", text: trigger, startLine: 1, endLine: trigger.split("\n").length };
  try {
    const text = readLines(trigger, "ONBUILD");
    const { nodes } = readNodes(text);
    const node = nodes[0]!;
    if (nodes.length > 1) throw refuse("onbuild trigger should be a single expression", whole);
    if (node.keyword.toLowerCase() === "from") throw refuse("FROM isn't allowed as an ONBUILD trigger", whole);
    return parseInstruction(node, options.location ?? locate(text, node.startLine, node.endLine));
  } catch (error) {
    if (!(error instanceof Fault) || error.code === "DOCKERFILE_TRIGGER") throw error;
    throw refuse(error.message, error.location ?? whole);
  }
}
