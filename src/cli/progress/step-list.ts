import type { ProgressEvent, StepEvent, TransferEvent, WarningEvent } from "../../std/progress.ts";
import { LogLines } from "./log-lines.ts";
import { plainText } from "./text-width.ts";

/** What is known of a step: its last event, its last lines and its transfers. */
export interface StepState {
  name: string;
  started: number | undefined;
  completed: number | undefined;
  cached: boolean;
  error: string | undefined;
  why: readonly string[];
  readonly tail: string[];
  readonly transfers: Map<string, TransferEvent>;
  readonly streams: Record<"stdout" | "stderr", LogLines>;
}

/** How many lines of each log are kept for the live view; the whole log is in the error when the step fails. */
const TAIL = 8;

/** All steps in the order in which they were first heard of, and the warnings. */
export class StepList {
  readonly steps = new Map<string, StepState>();
  readonly warnings: WarningEvent[] = [];

  add(event: ProgressEvent): void {
    switch (event.type) {
      case "step":
        return this.#step(event);
      case "log": {
        const { tail, streams } = this.#of(event.id);
        for (const line of streams[event.stream].push(event.data)) tail.push(plainText(line));
        tail.splice(0, Math.max(0, tail.length - TAIL));
        return;
      }
      case "transfer":
        this.#of(event.id).transfers.set(event.key, event);
        return;
      case "warning":
        this.warnings.push(event);
    }
  }

  #step(event: StepEvent): void {
    const step = this.#of(event.id);
    step.name = plainText(event.name);
    step.started ??= event.started;
    step.completed = event.completed ?? step.completed;
    step.cached ||= event.cached === true;
    step.error = event.error ?? step.error;
    step.why = event.why ?? step.why;
    if (isFinished(step)) {
      step.tail.length = 0;
      if (step.error === undefined) step.transfers.clear();
    }
  }

  #of(id: string): StepState {
    const known = this.steps.get(id);
    if (known) return known;
    const step: StepState = {
      name: id, started: undefined, completed: undefined, cached: false, error: undefined, why: [], tail: [], transfers: new Map(),
      streams: { stdout: new LogLines(), stderr: new LogLines() },
    };
    this.steps.set(id, step);
    return step;
  }
}

export function isFinished(step: StepState): boolean {
  return step.completed !== undefined || step.cached || step.error !== undefined;
}
