import { parseReference } from "../../oci/reference.ts";
import { fault, isFault } from "../../std/fault.ts";
import { assignments } from "../flags/key-values.ts";

type Environment = NodeJS.ProcessEnv;

/** --platform, separated by commas or repeated; without it DOCKER_DEFAULT_PLATFORM. */
export function platformsOf(values: readonly string[], env: Environment): string[] {
  return (values.length > 0 ? values : [env["DOCKER_DEFAULT_PLATFORM"] ?? ""]).flatMap((text) => text.split(",")).filter((word) => word !== "");
}

/** --build-arg, and SOURCE_DATE_EPOCH of the environment. @throws USAGE */
export function buildArgsOf(values: readonly string[], env: Environment): Record<string, string> {
  const epoch = env["SOURCE_DATE_EPOCH"];
  return { ...(epoch ? { SOURCE_DATE_EPOCH: epoch } : {}), ...assignments(values, env, "--build-arg") };
}

/** @throws NAMED_CONTEXT_INVALID */
export function contextsOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(words.map((word) => {
    const at = word.indexOf("=");
    if (at <= 0 || at === word.length - 1) throw fault("NAMED_CONTEXT_INVALID", { problem: `invalid context value: ${word}, expected key=value` });
    return [checkedName(word.slice(0, at)), word.slice(at + 1)];
  }));
}

/** A name stands for an image or a stage; what is neither would be passed over without a word. */
function checkedName(name: string): string {
  try {
    parseReference(name.replace(/::.*$/s, ""));
    return name;
  } catch (error) {
    if (!isFault(error)) throw error;
    throw fault("NAMED_CONTEXT_INVALID", { problem: `invalid context name ${name}: ${error.message}`, hint: "a context has the name of an image or a stage, in lower case" }, { cause: error });
  }
}
