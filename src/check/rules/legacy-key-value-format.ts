import { ruleUrl, type CheckRule } from "../rule.ts";

export const legacyKeyValueFormat: CheckRule = {
  name: "LegacyKeyValueFormat",
  description: "Legacy key/value format with whitespace separator should not be used",
  url: ruleUrl("LegacyKeyValueFormat"),
  step({ instruction }) {
    if (instruction.kind !== "env" && instruction.kind !== "label") return [];
    const { keyword, location, comments } = instruction;
    return instruction.pairs.filter(({ legacy }) => legacy)
      .map(() => ({ message: `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`, location, comments }));
  },
};
