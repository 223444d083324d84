import type { OnProgress } from "../std/progress.ts";

/**
 * Tells of the steps of several targets as of one build: names say which target a step is of, and what several targets have in
 * common is told of once, as of the target that came first.
 */
export class TargetProgress {
  readonly #onProgress: OnProgress;
  readonly #owners = new Map<string, string | undefined>();

  constructor(onProgress: OnProgress) {
    this.#onProgress = onProgress;
  }

  /** Listens to one target's steps. */
  of(target: string | undefined): OnProgress {
    return (event) => {
      if ("id" in event && typeof event.id === "string") {
        if (event.type === "step" && !this.#owners.has(event.id)) this.#owners.set(event.id, target);
        if (this.#owners.has(event.id) && this.#owners.get(event.id) !== target) return;
      }
      this.#onProgress(event.type === "step" && target !== undefined ? { ...event, name: nameWithin(target, event.name) } : event);
    };
  }
}

/** `[build 2/3] RUN x` of the target app is `[app build 2/3] RUN x`, as with buildx. */
function nameWithin(target: string, name: string): string {
  return name.startsWith("[") ? `[${target} ${name.slice(1)}` : `[${target}] ${name}`;
}
