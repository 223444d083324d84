import { isFault } from "../../std/fault.ts";
import type { OnProgress } from "../../std/progress.ts";
import { Semaphore } from "../../std/semaphore.ts";
import { carryImage, type Carried } from "../carry-image.ts";
import { openSink, openSource, type Surroundings } from "../open-place.ts";
import { deleteTag } from "../tags/delete-tag.ts";
import { locationsOf, type EntryPlan, type SyncAction } from "./plan-sync.ts";

/** What became of an action. */
export interface SyncResult {
  readonly plan: EntryPlan;
  readonly action: SyncAction;
  /** Of a copy that succeeded. */
  readonly carried?: Carried;
  readonly error?: unknown;
}

export interface RunSyncOptions {
  /** Targets at once. */
  readonly parallel: number;
  readonly onStart?: (plan: EntryPlan, action: SyncAction) => void;
  readonly onResult: (result: SyncResult) => void;
  readonly onProgress?: OnProgress;
  readonly signal: AbortSignal;
}

/**
 * Does what plans say. Tags of one target go one after the other, since they share most blobs; targets side by side.
 * What fails is told and does not stop the rest; the signal does.
 */
export async function runSync(plans: readonly EntryPlan[], around: Surroundings, { parallel, onStart, onResult, onProgress, signal }: RunSyncOptions): Promise<void> {
  const lanes = new Semaphore(parallel);
  const act = async (plan: EntryPlan, action: SyncAction): Promise<void> => {
    try {
      onStart?.(plan, action);
      const carried = action.kind === "copy" ? await copy(plan, action, around, { signal, ...(onProgress ? { onProgress } : {}) }) : undefined;
      if (action.kind === "delete") await remove(plan, action, around, signal);
      onResult({ plan, action, ...(carried ? { carried } : {}) });
    } catch (error) {
      signal.throwIfAborted();
      if (!isFault(error)) throw error;
      onResult({ plan, action, error });
    }
  };
  const byTarget = Map.groupBy(plans, ({ target }) => target);
  const settled = await Promise.allSettled([...byTarget.values()].map((group) => lanes.run(async () => {
    for (const plan of group) {
      for (const action of plan.actions) if (action.kind === "copy" || action.kind === "delete") await act(plan, action);
    }
  }, signal)));
  for (const each of settled) if (each.status === "rejected") throw each.reason;
}

async function copy({ entry }: EntryPlan, { tag }: SyncAction, around: Surroundings, options: { signal: AbortSignal; onProgress?: OnProgress }): Promise<Carried> {
  const { from, to } = locationsOf(entry, tag);
  await using source = await openSource(from, around, options.signal);
  await using sink = await openSink(to, around, options.signal);
  return await carryImage(source, sink, { ...options, platforms: entry.platforms, referrers: entry.referrers });
}

async function remove({ entry }: EntryPlan, { tag }: SyncAction, around: Surroundings, signal: AbortSignal): Promise<void> {
  if (entry.target.kind === "registry") await deleteTag(await around.writer(), { ...entry.target.reference, tag }, signal);
}
