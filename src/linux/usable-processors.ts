import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** How many processors this process may run on (proc(5), status): Docker's number, which limits of cgroups do not change. */
export function usableProcessors(): number {
  const mask = /^Cpus_allowed:\s*([0-9a-f,]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return mask === undefined ? cpus().length : [...mask].reduce((sum, digit) => sum + (digit === "," ? 0 : ONES[parseInt(digit, 16)]!), 0);
}

/** Ones in a hexadecimal digit. */
const ONES = [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4];
