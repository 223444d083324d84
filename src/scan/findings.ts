import type { FoundPackage, Parsed } from "./package.ts";

/** A whole distribution has half as many; who writes more into one file wants to fill memory. */
export const MOST_PACKAGES = 200_000;
const MOST_PROBLEMS = 100;

/** What a parser finds, up to a limit. */
export class Findings implements Parsed {
  readonly packages: FoundPackage[] = [];
  readonly problems: { readonly line?: number; readonly problem: string }[] = [];

  #full = false;

  /** Whether there was room for all so far: if not, there is no use in reading on. */
  get open(): boolean {
    return !this.#full;
  }

  add(found: FoundPackage): void {
    if (this.packages.length < MOST_PACKAGES) this.packages.push(found);
    else if (!this.#full) {
      this.#full = true;
      this.problems.push({ problem: `it has more than ${MOST_PACKAGES} packages: the rest was not read` });
    }
  }

  wrong(problem: string, line?: number): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push({ problem, ...(line === undefined ? {} : { line }) });
  }
}
