import { ruleUrl, type CheckRule } from "../rule.ts";

/** Told of the earlier one, which has no effect. */
export const multipleInstructionsDisallowed: CheckRule = {
  name: "MultipleInstructionsDisallowed",
  description: "Multiple instructions of the same type should not be used in the same stage",
  url: ruleUrl("MultipleInstructionsDisallowed"),
  step({ instruction, earlier }) {
    const { kind, keyword, comments } = instruction;
    if (kind !== "cmd" && kind !== "entrypoint" && kind !== "healthcheck") return [];
    const before = earlier.findLast((other) => other.kind === kind);
    return before === undefined ? [] : [{
      message: `Multiple ${keyword} instructions should not be used in the same stage because only the last one will be used`, location: before.location, comments,
    }];
  },
};
