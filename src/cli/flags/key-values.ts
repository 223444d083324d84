import { fault } from "../../std/fault.ts";

/**
 * `NAME=VALUE` as --build-arg and --env take it: without `=` the value comes from the environment, and a name
 * that is not set there is left out.
 */
export function assignments(words: readonly string[], env: NodeJS.ProcessEnv, shown: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    if (name === "") throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(word)} for ${shown}`, hint: "it looks like NAME=VALUE" });
    const value = equals < 0 ? env[name] : word.slice(equals + 1);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

/** `NAME=VALUE` as --label takes it: without `=` the value is empty. */
export function labels(words: readonly string[]): Record<string, string> {
  return assignments(words.map((word) => (word.includes("=") ? word : `${word}=`)), {}, "--label");
}
