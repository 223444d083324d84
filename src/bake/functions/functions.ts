import { fault } from "../../std/fault.ts";
import type { Value } from "../value.ts";
import { collectionFunctions } from "./collections.ts";
import { encodingFunctions } from "./encoding.ts";
import { networkFunctions } from "./networks.ts";
import { numberFunctions } from "./numbers.ts";
import { textFunctions } from "./texts.ts";
import { timeFunctions } from "./times.ts";

export type BakeFunction = (...args: Value[]) => Value;

const FUNCTIONS: ReadonlyMap<string, BakeFunction> = new Map(
  Object.entries({ ...textFunctions, ...collectionFunctions, ...numberFunctions, ...encodingFunctions, ...timeFunctions, ...networkFunctions }),
);

/** Functions of buildx that this has not. */
const MISSING: ReadonlySet<string> = new Set(["bcrypt", "byteslen", "bytesslice"]);

/** Calls a function that every bake file has; undefined for a name that none has. @throws BAKE_EXPRESSION, BAKE_FUNCTION_LATER */
export function callFunction(name: string, args: readonly Value[]): Value | undefined {
  const found = FUNCTIONS.get(name);
  if (found === undefined && MISSING.has(name)) throw fault("BAKE_FUNCTION_LATER", { name });
  return found?.(...args);
}
