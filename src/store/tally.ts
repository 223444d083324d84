import type { Contents, FilesPart, MountPart, Part } from "./contents.ts";

/**
 * Counts how often each blob and snapshot is needed, with all that it needs itself, and the bytes that they take
 * together, each once.
 */
export class Tally {
  readonly #contents: Contents;
  readonly #counts = new Map<Part, number>();
  readonly #gone = new Set<Part>();
  #bytes = 0;

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  /** Bytes of all that is needed. */
  get bytes(): number {
    return this.#bytes;
  }

  has(part: Part): boolean {
    return this.#counts.has(part);
  }

  /** Counts these parts, and what they need, as needed once more. */
  add(parts: Iterable<Part>): this {
    const pending = [...parts];
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      const count = this.#counts.get(part) ?? 0;
      if (count === 0) {
        const size = this.#gone.has(part) ? undefined : sizeOf(this.#contents, part);
        // What is being removed, or never was there, needs nothing.
        if (size === undefined) continue;
        this.#bytes += size;
        pending.push(...needsOf(this.#contents, part));
      }
      this.#counts.set(part, count + 1);
    }
    return this;
  }

  /** Takes a part out, whoever needs it. */
  forget(part: Part): this {
    this.#gone.add(part);
    if (!this.#counts.delete(part)) return this;
    this.#bytes -= sizeOf(this.#contents, part)!;
    return this.drop(needsOf(this.#contents, part));
  }

  /** Takes back an {@link add} of the same parts. */
  drop(parts: Iterable<Part>): this {
    const pending = [...parts];
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      const count = this.#counts.get(part);
      if (count === undefined) continue;
      if (count > 1) {
        this.#counts.set(part, count - 1);
        continue;
      }
      this.#counts.delete(part);
      this.#bytes -= sizeOf(this.#contents, part)!;
      pending.push(...needsOf(this.#contents, part));
    }
    return this;
  }
}

function sizeOf({ blobs, snapshots, linkedFiles, mounts }: Contents, part: Part): number | undefined {
  if (typeof part === "number") {
    const snapshot = snapshots.get(part);
    return snapshot?.files === undefined ? snapshot?.size : 0;
  }
  if (isFiles(part)) return linkedFiles.get(part);
  return isMount(part) ? mounts.get(part)?.size : blobs.get(part)?.size;
}

function isFiles(part: Part): part is FilesPart {
  return typeof part === "string" && part.startsWith("files:");
}

function isMount(part: Part): part is MountPart {
  return typeof part === "string" && part.startsWith("mount:");
}

function needsOf({ snapshots }: Contents, part: Part): readonly Part[] {
  return typeof part === "number" ? snapshots.get(part)!.parts : [];
}
