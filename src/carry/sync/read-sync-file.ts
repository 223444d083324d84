import { fault } from "../../std/fault.ts";
import { formatPath, readYaml } from "../../std/yaml-file.ts";
import { checkSync } from "./check-sync.ts";
import type { SyncEntry } from "./sync-entry.ts";

/**
 * What the file of `sampan sync` says.
 * @param file what messages call it
 * @throws SYNC_FILE_INVALID with the place in the file
 */
export async function readSyncFile(text: string, file: string): Promise<readonly SyncEntry[]> {
  const invalid = (line: number, place: string, problem: string, hint?: string): Error =>
    fault("SYNC_FILE_INVALID", { file, place, problem, ...(hint === undefined ? {} : { hint }) }, { location: { file, text, startLine: line, endLine: line } });
  const read = readYaml(text);
  if (!read.ok) throw invalid(read.line, "", read.problem);
  return checkSync(read.value, (path, problem, hint) => invalid(read.lineOf(path), formatPath(path), problem, hint));
}
