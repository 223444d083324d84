import { goQuote } from "../../dockerfile/go-quote.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

export const duplicateStageName: CheckRule = {
  name: "DuplicateStageName",
  description: "Stage names should be unique",
  url: ruleUrl("DuplicateStageName"),
  file: {
    phase: "names",
    find({ dockerfile }) {
      const seen = new Set<string>();
      return dockerfile.stages.flatMap(({ name, location }) => {
        if (name === undefined) return [];
        const isDuplicate = seen.has(name);
        seen.add(name);
        return isDuplicate ? [{ message: `Duplicate stage name ${goQuote(name)}, stage names should be unique`, location }] : [];
      });
    },
  },
};
