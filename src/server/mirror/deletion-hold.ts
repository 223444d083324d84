import { randomUUID } from "node:crypto";
import { fault } from "../../std/fault.ts";
import type { ReplicationRule } from "../config/replication-section.ts";
import type { Metadata } from "../storage/metadata.ts";
import type { Notes } from "../storage/notes.ts";
import type { ReplicatedMark } from "./replicated-mark.ts";
import { readerOf } from "./replication-notes.ts";

/** Where the records lay when tags were last replicated. */
const PLACE = "replication place";

const holdOf = (rule: ReplicationRule): string => `${readerOf(rule)} hold`;

/**
 * Records that were put in place anew, from a backup or a copy, may not know of what was pushed after it was made. Rules that copy to another registry then
 * delete nothing there until a person has said that they shall. Such records lie elsewhere, or do not know of a change that was replicated from their folder.
 * To be called before any rule is served.
 */
export async function holdDeletions(
  metadata: Pick<Metadata, "note" | "setNote" | "place" | "events" | "latestEvents" | "cursor">,
  rules: readonly ReplicationRule[],
  { mark, report }: { mark: ReplicatedMark; report: (problem: Error) => void },
): Promise<void> {
  const copying = rules.filter(({ to }) => to !== undefined);
  const [before, place] = [await metadata.note(PLACE), await metadata.place()];
  if ((before === undefined || isSamePlace(before, place)) && (await mark.isKnown(metadata, copying.map(readerOf)))) {
    if (before !== place) await metadata.setNote(PLACE, place);
    return;
  }
  const held = copying.filter((rule) => rule.delete);
  for (const rule of held) await metadata.setNote(holdOf(rule), randomUUID());
  if (held.length > 0) report(fault("REPLICATION_DELETES_HELD", {}));
  // Last, so that whoever is killed in between does it again.
  await metadata.setNote(PLACE, place);
  await mark.begin(metadata);
}

/**
 * A file has the number and the time of birth of its inode. Some file systems number their files anew each time they are mounted; others tell no time of birth (0).
 * A copy has a time of birth of its own, but often the number of the file that was removed for it.
 */
function isSamePlace(before: string, place: string): boolean {
  const [[kind, file, birth], [kindNow, fileNow, birthNow]] = [before.split(" "), place.split(" ")];
  if (before === place) return true;
  return kind === "file" && kindNow === "file" && (birth === "0" || birthNow === "0" ? file === fileNow : birth === birthNow);
}

export async function deletionsHeld(notes: Notes, rule: ReplicationRule): Promise<boolean> {
  return ((await notes.note(holdOf(rule))) ?? "") !== "";
}

/** Lets the rule delete again. */
export function confirmDeletions(notes: Notes, rule: ReplicationRule): Promise<void> {
  return notes.setNote(holdOf(rule), "");
}
