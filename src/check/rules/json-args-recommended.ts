import { ruleUrl, type CheckRule } from "../rule.ts";

/** Who has chosen a shell with SHELL knows what runs as the first process. */
export const jsonArgsRecommended: CheckRule = {
  name: "JSONArgsRecommended",
  description: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
  url: ruleUrl("JSONArgsRecommended"),
  step({ instruction, state }) {
    if ((instruction.kind !== "cmd" && instruction.kind !== "entrypoint") || instruction.form !== "shell" || state.config.Shell?.length) return [];
    const { location, comments, kind } = instruction;
    return [{ message: `JSON arguments recommended for ${kind.toUpperCase()} to prevent unintended behavior related to OS signals`, location, comments }];
  },
};
