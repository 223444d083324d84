import { createInterface } from "node:readline";
import { fault } from "../std/fault.ts";
import type { Io } from "./io.ts";

/**
 * Asks as docker does before something is removed; the answer may come from a pipe as well.
 * @param what what was to be done, for the message: `image prune`
 * @throws CANCELLED unless the answer is y
 */
export async function confirm(question: string, what: string, { stdin, stdout }: Io): Promise<void> {
  stdout.write(`${question} [y/N] `);
  const lines = createInterface({ input: stdin });
  try {
    const { value, done } = await lines[Symbol.asyncIterator]().next();
    // Nobody has pressed Enter.
    if (done) stdout.write("\n");
    else if (value.trim().toLowerCase() === "y") return;
  } finally {
    lines.close();
  }
  throw fault("CANCELLED", { what });
}
