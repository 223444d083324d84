import { ruleUrl, type CheckRule } from "../rule.ts";

export const stageNameCasing: CheckRule = {
  name: "StageNameCasing",
  description: "Stage names should be lowercase",
  url: ruleUrl("StageNameCasing"),
  file: {
    phase: "words",
    find: ({ dockerfile }) => dockerfile.stages.flatMap(({ alias, location, comments }) =>
      alias === undefined || alias.written === alias.written.toLowerCase()
        ? []
        : [{ message: `Stage name '${alias.written}' should be lowercase`, location, comments }]),
  },
};
