import { expand } from "../../dockerfile/expand.ts";
import { goQuote } from "../../dockerfile/go-quote.ts";
import { ruleUrl, type CheckRule } from "../rule.ts";

const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/** Judged by the name: ARG and ENV are kept in the image's history and config. */
export const secretsUsedInArgOrEnv: CheckRule = {
  name: "SecretsUsedInArgOrEnv",
  description: "Sensitive data should not be used in the ARG or ENV commands",
  url: ruleUrl("SecretsUsedInArgOrEnv"),
  step({ instruction, state, escape }) {
    const { kind, location, comments } = instruction;
    const names = kind === "arg" ? instruction.args.map(({ name }) => name)
      : kind === "env" ? instruction.pairs.map(({ key }) => expand(key, state.env, { escape }).value) : [];
    return names.filter((name) => SECRET.test(name) && !HARMLESS.test(name))
      .map((name) => ({ message: `Do not use ARG or ENV instructions for sensitive data (${kind.toUpperCase()} ${goQuote(name)})`, location, comments }));
  },
};
