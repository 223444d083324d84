import { constants } from "node:os";
import { fault } from "../../std/fault.ts";

// glibc keeps two of the kernel's 32 real-time signals for itself.
const [RTMIN, RTMAX] = [34, 64];

/** The number of a signal: `SIGTERM`, `term`, `15`, `RTMIN+3`. @throws USAGE */
export function parseSignal(text: string, shown: string): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  const number = /^\d{1,2}$/.test(name) ? Number(name)
    : realTime ? (realTime[1] === "MIN" ? RTMIN : RTMAX) + Number(`${realTime[2] ?? "+"}${realTime[3] ?? 0}`)
    : constants.signals[`SIG${name === "CLD" ? "CHLD" : name}` as NodeJS.Signals] ?? 0;
  if (number < 1 || number > RTMAX) throw fault("USAGE", { problem: `invalid signal ${JSON.stringify(text)} for ${shown}`, hint: "it is a name such as SIGTERM, or a number" });
  return number;
}
