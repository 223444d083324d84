import { ruleUrl, type CheckRule } from "../rule.ts";

export const noEmptyContinuation: CheckRule = {
  name: "NoEmptyContinuation",
  description: "Empty continuation lines will become errors in a future release",
  url: ruleUrl("NoEmptyContinuation"),
  file: { phase: "lines", find: ({ dockerfile }) => dockerfile.warnings.map(({ message, location }) => ({ message, location })) },
};
