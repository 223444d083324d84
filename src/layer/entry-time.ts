import type { LayerEntry } from "./entry.ts";

/** The entry with a time that is no later than the epoch, in seconds. */
export function noYoungerThan<Entry extends LayerEntry>(entry: Entry, epoch: number): Entry {
  const { seconds, nanoseconds } = entry.mtime;
  return seconds > epoch || (seconds === epoch && nanoseconds > 0) ? { ...entry, mtime: { seconds: epoch, nanoseconds: 0 } } : entry;
}
