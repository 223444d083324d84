/** The time of the database, which is the same for all who use it: leases are compared by it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** A moment of this machine's clock by the database's. */
  shift(moment: number): number;
  /** What the database's clock said to a question that was sent and answered at these moments of this machine's. */
  learn(theirs: number, sent: number, answered: number): void;
}

/** An answer that took longer tells little, in milliseconds. */
const PROMPT = 1000;

export function createClock(): Clock {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    shift: (moment) => moment + offset,
    learn(theirs, sent, answered) {
      if (answered >= sent && answered - sent < PROMPT) offset = Math.round(theirs - (sent + answered) / 2);
    },
  };
}

/** What a query asks the database's clock for. */
export const CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
