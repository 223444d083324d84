import { exposedWords } from "../exposed-words.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

export const exposeProtoCasing: CheckRule = {
  name: "ExposeProtoCasing",
  description: "Protocol in EXPOSE instruction should be lowercase",
  url: ruleUrl("ExposeProtoCasing"),
  step: (facts) => exposedWords(facts).flatMap((word, at) => {
    const proto = word.split("/").slice(1).join("/");
    if (proto === proto.toLowerCase()) return [];
    const { location, comments } = facts.instruction;
    return [{ message: `Defined protocol '${word}' in EXPOSE instruction should be lowercase`, location, comments, at }];
  }),
};
