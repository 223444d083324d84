import { randomBytes } from "node:crypto";
import type { Digest } from "../oci/digest.ts";
import { isFault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import type { BuildAbout, BuildRecord } from "../store/build-record.ts";
import type { Store } from "../store/open-store.ts";
import { RecordedSteps } from "./recorded-steps.ts";

/** How often a build that goes on is noted, in milliseconds, so that something stays of it when the process is killed. */
const PAUSE = 2000;
/** One that is over by then is noted once. */
const AT_ONCE = 250;

/** Listens to a build and notes in the store what became of it. */
export class BuildRecording {
  readonly #steps = new RecordedSteps();
  readonly onProgress: OnProgress;
  readonly ref = newRef();
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now();

  constructor(onProgress: OnProgress | undefined) {
    this.onProgress = (event) => {
      this.#steps.add(event);
      onProgress?.(event);
    };
  }

  /** Does the work of the build. */
  async during<Results extends Iterable<readonly [unknown, { readonly imageId?: Digest }]>>(work: () => Promise<Results>, { store, about, signal }: { store: Store; about: BuildAbout; signal: AbortSignal }): Promise<Results> {
    const started = { ref: this.ref, about, startedAt: this.startedAt };
    const save = (more: Pick<BuildRecord, "status"> & Partial<BuildRecord>): void => {
      try {
        store.builds.save({ ...started, counts: this.#steps.counts(), ...more }, this.#steps.list());
      } catch (error) {
        // A build is not lost for want of its record.
        if (!isFault(error)) throw error;
      }
    };
    // A process that is killed in its first moment has built as well.
    save({ status: "running" });
    const note = (): void => {
      if (this.#steps.takeChanged()) save({ status: "running" });
    };
    let timer = setTimeout(() => {
      note();
      timer = setInterval(note, PAUSE).unref();
    }, AT_ONCE).unref();
    try {
      const results = await work();
      save({ status: "completed", completedAt: Date.now(), about: { ...about, imageIds: [...results].flatMap(([, { imageId }]) => imageId ?? []) } });
      return results;
    } catch (error) {
      const { message } = error instanceof Error ? error : new Error(String(error));
      save({ status: signal.aborted ? "canceled" : "error", completedAt: Date.now(), error: { ...(isFault(error) ? { code: error.code } : {}), message } });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Refs look like BuildKit's. */
function newRef(): string {
  return BigInt(`0x${randomBytes(17).toString("hex")}`).toString(36).padStart(25, "0").slice(0, 25);
}
