import { suggest } from "../../dockerfile/suggest.ts";
import { isNeverEnvironment } from "../../graph/predefined-args.ts";
import { didYouMean } from "../../std/fault-spec.ts";
import { expandedWords } from "../expanded-words.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

/** An ARG that is declared in the stage may have no value. */
export const undefinedVar: CheckRule = {
  name: "UndefinedVar",
  description: "Variables should be defined before their use",
  url: ruleUrl("UndefinedVar"),
  step(facts) {
    const { state, instruction: { location, comments } } = facts;
    return expandedWords(facts).flatMap(({ unmatched }) => [...unmatched])
      .filter((name) => !isNeverEnvironment(name) && !state.args.some((arg) => arg.name === name))
      .map((name) => {
        const near = suggest(name, state.env.keys());
        return { message: `Usage of undefined variable '$${name}'${didYouMean(near && `$${near}`)}`, location, comments };
      });
  },
};
