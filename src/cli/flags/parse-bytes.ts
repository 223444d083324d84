import { fault } from "../../std/fault.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 };

/** A number of bytes as docker takes it: `512m`, `2g`, `1.5GiB`; all units are binary (go-units RAMInBytes). @throws USAGE */
export function parseBytes(text: string, shown: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?i?b?$/i.exec(text);
  const bytes = match ? Math.floor(Number(match[1]) * UNITS[(match[2] ?? "").toLowerCase()]!) : NaN;
  if (!Number.isSafeInteger(bytes)) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${shown}`, hint: "it is a number of bytes such as 512m or 2g" });
  return bytes;
}
