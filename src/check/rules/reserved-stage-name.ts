import { goQuote } from "../../dockerfile/go-quote.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

const RESERVED = ["context", "scratch"];

export const reservedStageName: CheckRule = {
  name: "ReservedStageName",
  description: "Reserved words should not be used as stage names",
  url: ruleUrl("ReservedStageName"),
  file: {
    phase: "names",
    find: ({ dockerfile }) => dockerfile.stages.flatMap(({ name, location }) =>
      name !== undefined && RESERVED.includes(name)
        ? [{ message: `Stage name should not use the same name as reserved stage ${goQuote(name)}`, location }]
        : []),
  },
};
