import type { ProgressEvent } from "../std/progress.ts";
import type { RecordedStep, StepCounts } from "../store/build-record.ts";

/** Bytes that are kept of the log of one step, and of all of them. */
const PER_STEP = 256 * 1024;
const IN_ALL = 1024 * 1024;
/** What is dropped at once at most. */
const PIECE = 16 * 1024;

interface Kept {
  name: string;
  started?: number;
  completed?: number;
  cached?: boolean;
  error?: string;
  log: { readonly time: number; readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }[];
  size: number;
  dropped: number;
}

/** The steps of a build as its events tell of them, with the ends of their logs. */
export class RecordedSteps {
  readonly #steps = new Map<string, Kept>();
  #size = 0;
  /** Whether anything came since it was last asked for. */
  #changed = false;

  add(event: ProgressEvent): void {
    if (event.type !== "step" && event.type !== "log") return;
    this.#changed = true;
    const step = this.#of(event.id);
    if (event.type === "step") {
      step.name = event.name;
      if (event.started !== undefined) step.started ??= event.started;
      if (event.completed !== undefined) step.completed = event.completed;
      if (event.cached) step.cached = true;
      if (event.error !== undefined) step.error = event.error;
      return;
    }
    for (let at = 0; at < event.data.length; at += PIECE) {
      const data = Uint8Array.from(event.data.subarray(at, at + PIECE));
      step.log.push({ time: event.time, stream: event.stream, data });
      step.size += data.length;
      this.#size += data.length;
    }
    while (step.size > PER_STEP) this.#drop(step);
    while (this.#size > IN_ALL) this.#drop([...this.#steps.values()].reduce((largest, each) => (each.size > largest.size ? each : largest)));
  }

  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  counts(): StepCounts {
    const steps = [...this.#steps.values()];
    return { total: steps.length, completed: steps.filter(isOver).length, cached: steps.filter(({ cached }) => cached).length };
  }

  /** In the order in which they began. */
  list(): RecordedStep[] {
    const ordered = [...this.#steps].sort(([, a], [, b]) => (a.started ?? Infinity) - (b.started ?? Infinity) || 0);
    return ordered.map(([id, { name, started, completed, cached, error, log, dropped }]) => ({
      id, name, started, completed, cached, error,
      log: log.map(({ time, stream, data }) => ({ time, stream, data: Buffer.from(data).toString("base64") })),
      ...(dropped > 0 ? { dropped } : {}),
    }));
  }

  #drop(step: Kept): void {
    const { length } = step.log.shift()!.data;
    step.size -= length;
    step.dropped += length;
    this.#size -= length;
  }

  #of(id: string): Kept {
    const known = this.#steps.get(id);
    if (known) return known;
    const step: Kept = { name: id, log: [], size: 0, dropped: 0 };
    this.#steps.set(id, step);
    return step;
  }
}

function isOver({ completed, cached, error }: Kept): boolean {
  return completed !== undefined || cached === true || error !== undefined;
}
