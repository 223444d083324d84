import { resolve } from "node:path";
import { planEntry, plansBeside, targetName, withDeletions, type EntryPlan } from "../../carry/sync/plan-sync.ts";
import { readSyncFile } from "../../carry/sync/read-sync-file.ts";
import { runSync } from "../../carry/sync/run-sync.ts";
import type { Surroundings } from "../../carry/open-place.ts";
import { isFault } from "../../std/fault.ts";
import { Semaphore } from "../../std/semaphore.ts";
import { withSurroundings } from "../copy/surroundings.ts";
import { printError } from "../errors/print-error.ts";
import { registryAccess } from "../flags/registry-flags.ts";
import type { Io } from "../io.ts";
import { readText } from "../read-text.ts";
import { createSyncReport, type SyncFormat } from "./sync-report.ts";

export interface SyncFlags {
  readonly dryRun: boolean;
  readonly explain: boolean;
  readonly delete: boolean;
  readonly parallel: number;
  readonly format: SyncFormat;
  readonly insecure: boolean;
  readonly authfile: string | undefined;
  readonly io: Io;
  readonly signal: AbortSignal;
}

const FILE_LIMIT = 1024 * 1024;

/** Does what the file says. @returns the exit status: 1 when something failed and the rest was done. @throws SYNC_FILE_INVALID */
export async function syncFile(file: string, flags: SyncFlags): Promise<number> {
  const { io, signal } = flags;
  const entries = await readSyncFile(readText(resolve(io.cwd, file), file, FILE_LIMIT), file);
  const access = await registryAccess({ insecure: flags.insecure, authfile: flags.authfile, creds: undefined, "no-creds": false }, [], { io, signal });
  const report = createSyncReport(io, flags);
  let failed = 0;
  const fail = async (error: unknown): Promise<void> => {
    failed += 1;
    await printError(error, io);
  };
  const call = { access: { source: access, target: access }, io, onProgress: () => undefined, signal };
  return withSurroundings([], call, async (around: Surroundings) => {
    const plans: EntryPlan[] = [];
    // Asked side by side, told in the file's order.
    const lanes = new Semaphore(2 * flags.parallel);
    const compared = entries.map((entry) => settled(lanes.run(() => planEntry(entry, around, signal), signal)));
    for (const [position, entry] of entries.entries()) {
      try {
        let plan = await (await compared[position]!)();
        const others = flags.delete ? plansBeside(entry, entries, plans) : undefined;
        if (others) plan = await withDeletions(plan, others, around, signal);
        report.plan(plan);
        for (const { error } of plan.actions) if (error !== undefined) await fail(error);
        plans.push(plan);
      } catch (error) {
        signal.throwIfAborted();
        if (!isFault(error)) throw error;
        report.unplanned(entry, targetName(entry), error);
        await fail(error);
      }
    }
    const printed: Promise<void>[] = [];
    if (!flags.dryRun) {
      await runSync(plans, around, {
        parallel: flags.parallel, signal, onStart: report.start,
        onResult: (result) => {
          report.result(result);
          if (result.error !== undefined) printed.push(fail(result.error));
        },
      });
    }
    await Promise.all(printed);
    report.end(failed);
    return failed > 0 ? 1 : 0;
  });
}

/** The same, to be asked for later: what it fails with is thrown then. */
function settled<Value>(work: Promise<Value>): Promise<() => Promise<Value>> {
  return work.then(() => () => work, () => () => work);
}
