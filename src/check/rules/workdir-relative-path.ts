import { expand } from "../../dockerfile/expand.ts";
import { goQuote } from "../../dockerfile/go-quote.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

/** Only the first WORKDIR of a chain of stages counts: what follows it is right or wrong with it. */
export const workdirRelativePath: CheckRule = {
  name: "WorkdirRelativePath",
  description: "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
  url: ruleUrl("WorkdirRelativePath"),
  step({ instruction, state, escape }) {
    if (instruction.kind !== "workdir" || state.workdirIsSet) return [];
    const path = expand(instruction.value, state.env, { escape }).value;
    const { location, comments } = instruction;
    return path.startsWith("/") ? [] : [{ message: `Relative workdir ${goQuote(path)} can have unexpected results if the base image changes`, location, comments }];
  },
};
