import { isLower, isUpper } from "../word-case.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

/** Lower case is right only where more instructions have it than upper case; mixed case never is. */
export const consistentInstructionCasing: CheckRule = {
  name: "ConsistentInstructionCasing",
  description: "All commands within the Dockerfile should use the same casing (either upper or lower)",
  url: ruleUrl("ConsistentInstructionCasing"),
  file: {
    phase: "casing",
    find({ dockerfile }) {
      const words = dockerfile.stages.flatMap((stage) => [stage, ...stage.instructions]);
      const lower = words.filter(({ keyword }) => isLower(keyword)).length;
      const upper = words.filter(({ keyword }) => isUpper(keyword)).length;
      const [isRight, name] = lower > upper ? [isLower, "lowercase"] as const : [isUpper, "uppercase"] as const;
      return words.filter(({ keyword }) => !isRight(keyword)).map(({ keyword, location }) => ({
        message: `Command '${keyword}' should match the case of the command majority (${name})`, location,
      }));
    },
  },
};
