/** Something that is wrong in a store. */
export interface Problem {
  /** `blob sha256:… has other content than its digest says` */
  readonly what: string;
  /** What a repair does: `it is deleted`; nothing where there is none. */
  readonly repair?: string | undefined;
  /** What is lost by the repair, or was already: `nothing: it is fetched again when it is needed`. */
  readonly loses: string;
  /** Whether it was repaired. */
  readonly repaired: boolean;
}

/** A problem that was found, and how to repair it. */
export interface Finding extends Omit<Problem, "repaired"> {
  /** Repairs it, in the transaction that it is called in. @returns whether it is no problem any more */
  readonly fix?: (() => boolean) | undefined;
}
