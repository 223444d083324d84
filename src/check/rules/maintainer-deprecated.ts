import { ruleUrl, type CheckRule } from "../rule.ts";

export const maintainerDeprecated: CheckRule = {
  name: "MaintainerDeprecated",
  description: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
  url: ruleUrl("MaintainerDeprecated"),
  file: {
    phase: "words",
    find: ({ dockerfile }) => dockerfile.stages.flatMap(({ instructions }) => instructions).filter(({ kind }) => kind === "maintainer")
      .map(({ location, comments }) => ({ message: "Maintainer instruction is deprecated in favor of using label", location, comments })),
  },
};
