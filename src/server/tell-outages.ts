import { isFault } from "../std/fault.ts";

/** How often it is said again that the database is away, in milliseconds. */
const AGAIN = 60_000;

/**
 * A log of problems in which the database's being away is one line, again each minute, however many notice it; and one when it is back. Everything else goes on as it is.
 * @param now milliseconds that only grow
 */
export function tellOutages(report: (problem: Error) => void, now: () => number = () => performance.now()): (problem: Error) => void {
  let told: number | undefined;
  return (problem) => {
    if (isFault(problem, "SERVER_DATABASE_BACK")) {
      if (told !== undefined) report(problem);
      told = undefined;
    } else if (!isLoss(problem)) {
      report(problem);
    } else if (told === undefined || now() - told >= AGAIN) {
      told = now();
      report(problem);
    }
  };
}

/** Also where somebody says what came of it. */
function isLoss(problem: unknown): boolean {
  for (let depth = 0, at = problem; depth < 5 && at instanceof Error; depth += 1, at = at.cause) if (isFault(at, "SERVER_DATABASE_LOST")) return true;
  return false;
}
