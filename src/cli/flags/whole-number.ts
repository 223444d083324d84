import { fault } from "../../std/fault.ts";

/** The value of a flag that takes a number. @throws USAGE */
export function wholeNumber(text: string, shown: string, { min, max }: { readonly min: number; readonly max: number }): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${shown}`, hint: `it is a number from ${min} to ${max}` });
}
