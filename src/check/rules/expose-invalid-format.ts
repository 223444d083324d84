import { exposedWords } from "../exposed-words.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

export const exposeInvalidFormat: CheckRule = {
  name: "ExposeInvalidFormat",
  description: "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
  url: ruleUrl("ExposeInvalidFormat"),
  step: (facts) => exposedWords(facts).flatMap((word, at) => {
    const before = word.split("/", 1)[0]!.split(":").slice(0, -1);
    if (before.every((part) => part === "")) return [];
    const { location, comments } = facts.instruction;
    return [{ message: `EXPOSE instruction should not define an IP address or host-port mapping, found '${word}'`, location, comments, at }];
  }),
};
