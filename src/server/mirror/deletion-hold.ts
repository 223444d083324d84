import { randomUUID } from "node:crypto";
import { fault } from "../../std/fault.ts";
import type { ReplicationRule } from "../config/replication-section.ts";
import type { Notes } from "../storage/notes.ts";
import type { Vitals } from "../storage/vitals.ts";
import { readerOf } from "./replication-notes.ts";

/** Where the records lay when tags were last replicated. */
const PLACE = "replication place";

const holdOf = (rule: ReplicationRule): string => `${readerOf(rule)} hold`;

/**
 * Records that were put in place anew, from a backup or a copy, may not know of what was pushed after it was made. Rules that copy to another registry then
 * delete nothing there until a person has said that they shall. To be called before any rule is served.
 */
export async function holdDeletions(metadata: Notes & Pick<Vitals, "place">, rules: readonly ReplicationRule[], report: (problem: Error) => void): Promise<void> {
  const [before, place] = [await metadata.note(PLACE), await metadata.place()];
  if (before === place) return;
  if (before !== undefined) {
    const held = rules.filter((rule) => rule.to !== undefined && rule.delete);
    for (const rule of held) await metadata.setNote(holdOf(rule), randomUUID());
    if (held.length > 0) report(fault("REPLICATION_DELETES_HELD", {}));
  }
  // Last, so that whoever is killed in between does it again.
  await metadata.setNote(PLACE, place);
}

export async function deletionsHeld(notes: Notes, rule: ReplicationRule): Promise<boolean> {
  return ((await notes.note(holdOf(rule))) ?? "") !== "";
}

/** Lets the rule delete again. */
export function confirmDeletions(notes: Notes, rule: ReplicationRule): Promise<void> {
  return notes.setNote(holdOf(rule), "");
}
