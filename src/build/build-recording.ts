import { randomBytes } from "node:crypto";
import { basename, resolve } from "node:path";
import { isFault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import type { BuildAbout, BuildRecord } from "../store/build-record.ts";
import type { Store } from "../store/open-store.ts";
import type { BuildOptions, BuildResult } from "./build-options.ts";
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
  async during<Results extends Iterable<readonly [unknown, BuildResult]>>(work: () => Promise<Results>, { store, builds, signal }: { store: Store; builds: readonly BuildOptions[]; signal: AbortSignal }): Promise<Results> {
    const started = { ref: this.ref, about: aboutOf(builds), startedAt: this.startedAt };
    const save = (more: Pick<BuildRecord, "status"> & Partial<BuildRecord>): void => {
      try {
        store.builds.save({ ...started, counts: this.#steps.counts(), ...more }, this.#steps.list());
      } catch (error) {
        // A build is not lost for want of its record.
        if (!isFault(error)) throw error;
      }
    };
    const note = (): void => {
      if (this.#steps.takeChanged()) save({ status: "running" });
    };
    let timer = setTimeout(() => {
      note();
      timer = setInterval(note, PAUSE).unref();
    }, AT_ONCE).unref();
    try {
      const results = await work();
      save({ status: "completed", completedAt: Date.now(), about: { ...started.about, imageIds: [...results].flatMap(([, { imageId }]) => imageId ?? []) } });
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

function aboutOf(builds: readonly BuildOptions[]): BuildAbout {
  const [first] = builds;
  const cwd = first?.cwd ?? process.cwd();
  const all = <Value>(pick: (build: BuildOptions) => Value | undefined): Value[] => [...new Set(builds.flatMap((build) => pick(build) ?? []))] as Value[];
  const platforms = all((build) => build.platform);
  return {
    name: [...new Set(builds.map((build) => nameOf(build, cwd)))].join(", "),
    context: all((build) => shownContext(build.context, cwd)).join(", "),
    ...(first?.file === undefined ? {} : { dockerfile: first.file }),
    ...(first?.target === undefined ? {} : { target: all((build) => build.target).join(", ") }),
    ...(platforms.length === 0 ? {} : { platforms: platforms.flat().map(String) }),
    tags: builds.flatMap(({ tags = [] }) => tags),
    buildArgs: Object.assign({}, ...builds.map(({ buildArgs = {} }) => buildArgs)) as Record<string, string>,
    labels: Object.assign({}, ...builds.map(({ labels = {} }) => labels)) as Record<string, string>,
    ...(builds.some(({ noCache }) => noCache) ? { noCache: true } : {}),
  };
}

function shownContext(context: string, cwd: string): string {
  return context === "-" || /^[a-z+]+:\/\/|^git@/.test(context) ? context : resolve(cwd, context);
}

/** As buildx names builds: the context's last name, the Dockerfile where it is another one, the target. */
function nameOf({ context, file, target, buildArgs = {} }: BuildOptions, cwd: string): string {
  if (buildArgs["BUILDKIT_BUILD_NAME"]) return buildArgs["BUILDKIT_BUILD_NAME"];
  const place = context === "-" ? "-" : basename(shownContext(context, cwd));
  return `${place}${file === undefined || basename(file) === "Dockerfile" ? "" : `/${basename(file)}`}${target === undefined ? "" : ` (${target})`}`;
}
