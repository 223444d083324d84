import { suggest } from "../../dockerfile/suggest.ts";
import { didYouMean } from "../../std/fault-spec.ts";
import { expandInFrom } from "../expanded-words.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

export const undefinedArgInFrom: CheckRule = {
  name: "UndefinedArgInFrom",
  description: "FROM command must use declared ARGs",
  url: ruleUrl("UndefinedArgInFrom"),
  file: {
    phase: "from",
    find({ dockerfile, globals }) {
      const declared = new Set([...dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name)), ...globals.keys()]);
      return dockerfile.stages.flatMap(({ base, platform, location, comments }) =>
        [base, platform ?? ""]
          .flatMap((word) => [...expandInFrom(word, { globals, dockerfile, location }).unmatched])
          .filter((name) => !declared.has(name))
          .map((name) => ({ message: `FROM argument '${name}' is not declared${didYouMean(suggest(name, declared))}`, location, comments })));
    },
  },
};
