import type { FoundPackage, Parsed } from "./package.ts";

/** A whole distribution has half as many; who writes more into one file wants to fill memory. */
export const MOST_PACKAGES = 200_000;
const MOST_PROBLEMS = 100;

/** What a parser finds, up to a limit. */
export class Findings implements Parsed {
  readonly packages: FoundPackage[] = [];
  readonly problems: { readonly line?: number; readonly problem: string }[] = [];

  /** Whether there is room for more; the first time there is none, that is told. */
  get open(): boolean {
    if (this.packages.length < MOST_PACKAGES) return true;
    this.problems.push({ problem: `it has more than ${MOST_PACKAGES} packages: the rest was not read` });
    return false;
  }

  add(found: FoundPackage): void {
    this.packages.push(found);
  }

  wrong(problem: string, line?: number): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push({ problem, ...(line === undefined ? {} : { line }) });
  }
}
