import { suggest } from "../../dockerfile/suggest.ts";
import { didYouMean } from "../../std/fault-spec.ts";
import { fault } from "../../std/fault.ts";
import { csvFields } from "../flags/csv.ts";

/** What is to be done with a Dockerfile. */
export interface BuildCall {
  readonly method: "build" | "check" | "outline" | "targets";
  readonly json: boolean;
  /** Warnings do not make the exit status 1. */
  readonly ignoreStatus: boolean;
}

const METHODS = ["build", "check", "outline", "targets"] as const;

/**
 * Reads `--call METHOD[,format=json][,ignorestatus=true]`; `lint` is another name of `check`.
 * @throws USAGE
 */
export function parseBuildCall(text: string): BuildCall {
  const refuse = (problem: string): Error => fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for --call: ${problem}` });
  let call: BuildCall = { method: "build", json: false, ignoreStatus: false };
  const fields = text === "" ? new Map<string, string>() : csvFields(text, "--call");
  const words = [...fields].filter(([key]) => key !== "format" && key !== "ignorestatus");
  if (words.length > 1) throw refuse("one method at a time");
  for (const [word, value] of words) {
    const name = word === "lint" ? "check" : word;
    const method = METHODS.find((known) => known === name);
    if (method === undefined || value !== "") throw refuse(`${JSON.stringify(word)} is none of ${METHODS.join(", ")}${didYouMean(suggest(word, METHODS))}`);
    call = { ...call, method };
  }
  const format = fields.get("format");
  if (format !== undefined && format !== "json" && format !== "text") throw refuse(`the format ${JSON.stringify(format)} is neither json nor text`);
  const ignored = fields.get("ignorestatus");
  if (ignored !== undefined && !/^(?:1|t|true|0|f|false)$/i.test(ignored)) throw refuse("ignorestatus is true or false");
  return { ...call, json: format === "json", ignoreStatus: /^(?:1|t|true)$/i.test(ignored ?? "") };
}
