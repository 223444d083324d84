import type { Fault } from "../../std/fault.ts";

/** What a person is told when a place has trouble and the next one is asked. */
export function mirrorTrouble(mirror: string, reason: Fault): string {
  return `${mirror} is passed over, the next place is asked: ${reason.message}`;
}
