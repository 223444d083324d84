import { posix } from "node:path";
import { compileIgnore } from "../../dockerfile/ignore.ts";
import { expand } from "../../dockerfile/expand.ts";
import { goQuote } from "../../dockerfile/go-quote.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

/** Files with `!` patterns are not judged: whether something is left of a folder cannot be told from the patterns. */
export const copyIgnoredFile: CheckRule = {
  name: "CopyIgnoredFile",
  description: "Attempting to Copy file that is excluded by .dockerignore",
  url: ruleUrl("CopyIgnoredFile"),
  step({ instruction, state, escape, ignore }) {
    if (instruction.kind !== "copy" && instruction.kind !== "add") return [];
    if ((instruction.kind === "copy" && instruction.from !== undefined) || ignore.length === 0 || ignore.some((pattern) => pattern.startsWith("!"))) return [];
    const matcher = compileIgnore(ignore, { strict: true });
    const { location, comments } = instruction;
    return instruction.sources.map((source) => expand(source, state.env, { escape }).value)
      .filter((source) => instruction.kind === "copy" || !/^(?:https?|git|ssh):\/\/|^git@/.test(source))
      .map((source) => posix.normalize(source).replace(/(.)\/$/, "$1"))
      .filter((source) => (source === "." || source === "/" ? ignore.some((pattern) => ["*", "**", "**/*"].includes(pattern)) : matcher.matches(source)))
      .map((source) => ({ message: `Attempting to ${instruction.kind === "copy" ? "Copy" : "Add"} file ${goQuote(source)} that is excluded by .dockerignore`, location, comments }));
  },
};
