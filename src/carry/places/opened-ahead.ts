import { begun } from "../../std/begun.ts";

/** A stream that is opened before somebody reads it. */
export interface OpenedAhead {
  /** The bytes from there on; those from the beginning are on their way already, for who asks first. */
  open(start: number): AsyncIterable<Uint8Array>;
  /** Gives up what nobody has asked for. */
  [Symbol.dispose](): void;
}

/**
 * How many may be open that nobody reads yet: fewer than there are connections to a host (RegistryClientOptions.connections).
 * Otherwise those whose reader waits for a connection to the target could have all to the source, while those that have
 * connections to the target wait for one to the source.
 */
const MOST = 4;
let unread = 0;

/**
 * Asks a place for its first bytes at once, so that its answer comes while another place is waited for. Where enough are open
 * that way already, it is opened when it is read.
 */
export function openedAhead(open: (start: number) => AsyncIterable<Uint8Array>): OpenedAhead {
  if (unread >= MOST) return { open, [Symbol.dispose]: () => undefined };
  unread += 1;
  let [taken, counted] = [false, true];
  const discount = (): void => {
    if (counted) unread -= 1;
    counted = false;
  };
  const ahead = begun(open(0), discount);
  return {
    open(start) {
      if (start > 0 || taken) return open(start);
      taken = true;
      return ahead;
    },
    [Symbol.dispose]() {
      discount();
      ahead[Symbol.dispose]();
    },
  };
}
