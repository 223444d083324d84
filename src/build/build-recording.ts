import { randomBytes } from "node:crypto";
import type { Digest } from "../oci/digest.ts";
import { isFault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import type { BuildAbout, BuildAttachment, BuildRecord } from "../store/build-record.ts";
import type { Store } from "../store/open-store.ts";
import { RecordedSteps } from "./recorded-steps.ts";

/** How often a build that goes on is noted, in milliseconds, so that something stays of it when the process is killed. */
const PAUSE = 2000;
/** One that is over by then is noted once. */
const AT_ONCE = 250;

/** Documents of a build that are longer are not kept, nor more than so many bytes of them. */
const MOST_ATTACHED = 16 * 1024 * 1024;

/** Listens to a build and notes in the store what became of it. */
export class BuildRecording {
  readonly #steps = new RecordedSteps();
  readonly onProgress: OnProgress;
  readonly ref = newRef();
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now();
  readonly #attachments = new Map<Digest, BuildAttachment>();
  #materials: BuildAbout["materials"];

  constructor(onProgress: OnProgress | undefined) {
    this.onProgress = (event) => {
      this.#steps.add(event);
      onProgress?.(event);
    };
  }

  /** Keeps a document that was made with the record. */
  readonly attach = (attachment: BuildAttachment): void => {
    const kept = [...this.#attachments.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (kept + attachment.bytes.length <= MOST_ATTACHED) this.#attachments.set(attachment.digest, attachment);
  };

  /** Notes what went into the build. */
  usedMaterials(materials: NonNullable<BuildAbout["materials"]>): void {
    this.#materials = materials;
  }

  /** Does the work of the build. */
  async during<Results extends Iterable<readonly [unknown, { readonly imageId?: Digest }]>>(work: () => Promise<Results>, { store, about, signal }: { store: Store; about: BuildAbout; signal: AbortSignal }): Promise<Results> {
    const started = { ref: this.ref, about, startedAt: this.startedAt };
    const save = (more: Pick<BuildRecord, "status"> & Partial<BuildRecord>): void => {
      try {
        const noted = this.#materials?.length ? { ...(more.about ?? about), materials: this.#materials } : more.about ?? about;
        store.builds.save({ ...started, counts: this.#steps.counts(), ...more, about: noted }, this.#steps.list(), [...this.#attachments.values()]);
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
