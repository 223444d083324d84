import type { Ulimit } from "../../exec/run-job.ts";
import { ULIMITS } from "../../exec/ulimits.ts";
import { fault } from "../../std/fault.ts";

/** `NAME=SOFT[:HARD]` of --ulimit; a soft limit alone is the hard one too. @throws USAGE */
export function parseUlimit(text: string): Ulimit {
  const [name = "", softText = "", hardText] = text.split(/[=:]/);
  const value = (word: string): number => (/^(?:-1|\d{1,15})$/.test(word) ? Number(word) : NaN);
  const [soft, hard] = [value(softText), value(hardText ?? softText)];
  if (!Object.hasOwn(ULIMITS, name) || Number.isNaN(soft) || Number.isNaN(hard) || text.split(/[=:]/).length > 3) {
    throw fault("USAGE", { problem: `invalid ulimit ${JSON.stringify(text)}`, hint: `it looks like nofile=1024:2048; the names are ${Object.keys(ULIMITS).join(", ")}` });
  }
  if (hard >= 0 && (soft > hard || soft < 0)) throw fault("USAGE", { problem: `invalid ulimit ${JSON.stringify(text)}: the soft limit is above the hard one` });
  return { resource: ULIMITS[name]!, soft, hard };
}
