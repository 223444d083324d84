/** One row of the fault table: what the user reads, what to do next, and how the process ends. */
export interface FaultSpec<Details> {
  /** When this happens, for docs/errors.md: one sentence. */
  readonly when: string;
  /** Exit status of the CLI: 1 the work failed, 2 wrong usage (`run` makes 125 of both, `exec`, `start` and `attach` of 2), 126 and 127 of `run`, 130 interrupted. */
  readonly exit: number;
  readonly message: (details: Details) => string;
  /** The way out, as a sentence; nothing when there is none to offer. */
  readonly hint?: (details: Details) => string | undefined;
}

/** Gives a row its details type without repeating it at the use. */
export function spec<Details>(row: FaultSpec<Details>): FaultSpec<Details> {
  return row;
}

/** What messages end in where a word is nearly another one; nothing where none is near. */
export function didYouMean(near: string | undefined): string {
  return near === undefined ? "" : ` (did you mean ${near}?)`;
}

/** How an ordinary user gets more than one id in a user namespace. */
export const MORE_IDS = "install newuidmap and newgidmap (Debian, Ubuntu: `apt install uidmap`; Alpine: `apk add shadow-uidmap shadow`) and give yourself 65536 ids: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 <you>`; or run as root";
