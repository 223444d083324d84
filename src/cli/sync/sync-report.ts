import type { EntryPlan, SyncAction } from "../../carry/sync/plan-sync.ts";
import type { SyncResult } from "../../carry/sync/run-sync.ts";
import type { SyncEntry } from "../../carry/sync/sync-entry.ts";
import { familiarRepository } from "../../oci/reference.ts";
import type { Fault } from "../../std/fault.ts";
import { humanSize } from "../../std/human-size.ts";
import type { Io } from "../io.ts";

export type SyncFormat = "text" | "json" | "quiet";

/** Tells what a sync is about to do, what it did, and how it ended. Errors are shown by others, on standard error. */
export interface SyncReport {
  plan(plan: EntryPlan): void;
  /** An entry whose plan could not be made. */
  unplanned(entry: SyncEntry, target: string, error: Fault): void;
  start(plan: EntryPlan, action: SyncAction): void;
  result(result: SyncResult): void;
  end(failed: number): void;
}

interface Totals {
  copied: number;
  deleted: number;
  same: number;
  bytesSent: number;
  bytesSaved: number;
}

export function createSyncReport(io: Io, options: { readonly format: SyncFormat; readonly dryRun: boolean; readonly explain: boolean }): SyncReport {
  const totals: Totals = { copied: 0, deleted: 0, same: 0, bytesSent: 0, bytesSaved: 0 };
  const started = Date.now();
  const count = (result: SyncResult): void => {
    if (result.error !== undefined) return;
    if (result.action.kind === "delete") totals.deleted += 1;
    else totals.copied += 1;
    totals.bytesSent += result.carried?.bytesSent ?? 0;
    totals.bytesSaved += result.carried?.bytesSaved ?? 0;
  };
  const line = (text: string): void => void io.stdout.write(`${text}\n`);
  const json = (type: string, value: object): void => line(JSON.stringify({ type, ...value }));
  const writers: Readonly<Record<SyncFormat, SyncReport>> = {
    quiet: { plan: () => undefined, unplanned: () => undefined, start: () => undefined, result: () => undefined, end: () => undefined },
    json: {
      plan: ({ source, target, actions, left }) => {
        for (const { kind, tag, reason } of actions) json("plan", { source, target, tag, action: kind, reason });
        if (options.explain) for (const [tag, reason] of left) json("plan", { source, target, tag, action: "none", reason });
      },
      unplanned: (entry, target, error) => json("plan", { source: familiarRepository(entry.source), target, action: "failed", reason: error.message, code: error.code }),
      start: () => undefined,
      result: ({ plan: { source, target }, action: { tag, kind }, carried, error }) =>
        json("result", { source, target, tag, action: kind, ...(carried ?? {}), ...(error === undefined ? {} : { error: (error as Fault).message, code: (error as Fault).code }) }),
      end: (failed) => json("end", { ...totals, failed, dryRun: options.dryRun, seconds: (Date.now() - started) / 1000 }),
    },
    text: {
      plan: (plan) => planLines(plan, options).forEach(line),
      unplanned: () => undefined,
      // A person wants to see that something is going on; a log needs to know what came of it only.
      start: ({ target }, { kind, tag }) => { if (io.stdout.isTTY && kind === "copy") line(`copying ${target}:${tag} …`); },
      result: ({ plan, action, carried, error }) => {
        if (error === undefined) line(carried ? `copied ${plan.target}:${action.tag}: sent ${humanSize(carried.bytesSent, 3)}, saved ${humanSize(carried.bytesSaved, 3)}` : `deleted ${plan.target}:${action.tag}`);
      },
      end: (failed) => line(options.dryRun ? "dry run: nothing was changed" : endLine(totals, failed, (Date.now() - started) / 1000)),
    },
  };
  const writer = writers[options.format];
  return {
    ...writer,
    plan(plan) {
      totals.same += plan.actions.filter(({ kind }) => kind === "same").length;
      writer.plan(plan);
    },
    result(result) {
      count(result);
      writer.result(result);
    },
  };
}

function planLines({ source, target, tags, actions, left }: EntryPlan, { dryRun, explain }: { readonly dryRun: boolean; readonly explain: boolean }): string[] {
  const wanted = actions.filter(({ kind }) => kind !== "delete").length;
  const shown = actions.filter(({ kind }) => dryRun || kind !== "same");
  const others: SyncAction[] = explain ? [...left].map(([tag, reason]) => ({ kind: "same", tag, reason })) : [];
  const width = Math.max(0, ...[...shown, ...others].map(({ tag }) => tag.length));
  return [
    `${source} -> ${target}: ${tags === undefined ? counted(wanted) : `${wanted} of ${counted(tags)}`} wanted`,
    ...shown.map(({ kind, tag, reason }) => `  ${kind.padEnd(6)}  ${tag.padEnd(width)}  ${reason}`),
    ...others.map(({ tag, reason }) => `  ${"-".padEnd(6)}  ${tag.padEnd(width)}  ${reason}`),
  ];
}

function counted(tags: number): string {
  return `${tags} tag${tags === 1 ? "" : "s"}`;
}

function endLine({ copied, deleted, same, bytesSent, bytesSaved }: Totals, failed: number, seconds: number): string {
  const parts = [`${copied} copied`, ...(deleted > 0 ? [`${deleted} deleted`] : []), `${same} as they should be`, ...(failed > 0 ? [`${failed} failed`] : [])];
  return `${parts.join(", ")}; sent ${humanSize(bytesSent, 3)}, saved ${humanSize(bytesSaved, 3)}, ${seconds.toFixed(1)} s`;
}
