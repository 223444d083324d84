import type { Io } from "./io.ts";
import { printError } from "./errors/print-error.ts";

/**
 * Does the work for each word, as Docker does: an error is shown and the next word is taken.
 * @returns the exit status: that of the last error, else 0
 */
export async function forEach(words: readonly string[], io: Io, work: (word: string) => Promise<void> | void): Promise<number> {
  let status = 0;
  for (const word of words) {
    try {
      await work(word);
    } catch (error) {
      status = await printError(error, io);
    }
  }
  return status;
}
