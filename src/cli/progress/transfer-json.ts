import type { TransferEvent, WarningEvent } from "../../std/progress.ts";
import type { Renderer } from "./renderer.ts";
import { TransferRates } from "./transfer-rate.ts";
import { warningLines } from "./warning-lines.ts";

/** A line of the stream of `push --json`, `pull --json` and `copy --json`; docs/guides/transfers.md tells its meaning. */
export interface TransferLine {
  readonly layer: string;
  readonly state: "pulling" | "pushing" | "copying" | "extracting" | "compressing" | "exists" | "mounted" | "done";
  readonly current: number;
  readonly total: number | null;
  /** Bytes per second. */
  readonly rate: number | null;
}

/** Progress of `push`, `pull` and `copy` for programs: a JSON object per line. Warnings go to `errors`. */
export function transferJson({ stream, errors }: { stream: NodeJS.WriteStream; errors: NodeJS.WriteStream }): Renderer {
  const rates = new TransferRates();
  const warnings: WarningEvent[] = [];
  return {
    showsLogs: true,
    onEvent(event) {
      if (event.type === "warning") warnings.push(event);
      if (event.type !== "transfer") return;
      rates.add(event.key, event.current, event.completed ?? Date.now());
      stream.write(`${JSON.stringify(lineOf(event, rates.perSecond(event.key)))}\n`);
    },
    close() {
      for (const line of warningLines(warnings.splice(0))) errors.write(`${line}\n`);
    },
  };
}

function lineOf({ key, digest, action, current, total, completed }: TransferEvent, rate: number | undefined): TransferLine {
  const resting = action === "exists" || action === "mounted";
  return {
    layer: digest ?? /sha256:[a-f0-9]+/.exec(key)?.[0] ?? key,
    state: resting ? action : completed !== undefined ? "done" : action === "transferring" ? "copying" : action,
    current,
    total: total ?? null,
    rate: resting || rate === undefined ? null : Math.round(rate),
  };
}
