import { isLower, isUpper } from "../word-case.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

/** A FROM in mixed case is left to ConsistentInstructionCasing. */
export const fromAsCasing: CheckRule = {
  name: "FromAsCasing",
  description: "The 'as' keyword should match the case of the 'from' keyword",
  url: ruleUrl("FromAsCasing"),
  file: {
    phase: "words",
    find: ({ dockerfile }) => dockerfile.stages.flatMap(({ alias, keyword, location, comments }) => {
      if (alias === undefined || (!isLower(keyword) && !isUpper(keyword))) return [];
      if (isLower(keyword) ? isLower(alias.keyword) : isUpper(alias.keyword)) return [];
      return [{ message: `'${alias.keyword}' and '${keyword}' keywords' casing do not match`, location, comments }];
    }),
  },
};
