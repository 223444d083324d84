import { appendFileSync, closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProgressEvent } from "../../std/progress.ts";

interface KeptLog {
  name: string;
  failed: boolean;
  chunks: Uint8Array[];
  size: number;
  file?: string;
}

/** What of a log stays in memory, in bytes; the rest goes to a temporary file, so that no log is too long to be shown. */
const IN_MEMORY = 1024 * 1024;

/** The whole logs of steps that are not over yet or failed, for renderers that show the last lines only. */
export class LogKeeper implements Disposable {
  readonly #logs = new Map<string, KeptLog>();
  #folder: string | undefined;
  #files = 0;

  add(event: ProgressEvent): void {
    if (event.type === "step") {
      const log = this.#of(event.id);
      log.name = event.name;
      log.failed ||= event.error !== undefined;
      if (!log.failed && (event.completed !== undefined || event.cached)) this.#drop(event.id, log);
    } else if (event.type === "log") {
      const log = this.#of(event.id);
      log.chunks.push(Uint8Array.from(event.data));
      log.size += event.data.length;
      if (log.size > IN_MEMORY) this.#spill(log);
    }
  }

  /** Writes the logs of failed steps, framed as BuildKit frames them. */
  writeFailed(output: { write(data: string | Uint8Array): unknown }): void {
    for (const log of this.#logs.values()) {
      if (!log.failed || (log.size === 0 && log.file === undefined)) continue;
      output.write(`------\n > ${log.name}:\n`);
      let last = 10;
      for (const chunk of bytesOf(log)) {
        output.write(chunk);
        last = chunk.at(-1) ?? last;
      }
      output.write(`${last === 10 ? "" : "\n"}------\n`);
    }
  }

  [Symbol.dispose](): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#logs.clear();
  }

  #of(id: string): KeptLog {
    const known = this.#logs.get(id);
    if (known) return known;
    const log: KeptLog = { name: id, failed: false, chunks: [], size: 0 };
    this.#logs.set(id, log);
    return log;
  }

  #spill(log: KeptLog): void {
    this.#folder ??= mkdtempSync(join(tmpdir(), "sampan-log-"));
    log.file ??= join(this.#folder, String((this.#files += 1)));
    appendFileSync(log.file, Buffer.concat(log.chunks.splice(0)));
    log.size = 0;
  }

  #drop(id: string, log: KeptLog): void {
    if (log.file !== undefined) rmSync(log.file, { force: true });
    this.#logs.delete(id);
  }
}

function* bytesOf(log: KeptLog): Generator<Uint8Array> {
  if (log.file !== undefined) {
    const file = openSync(log.file, "r");
    try {
      for (;;) {
        const chunk = Buffer.alloc(256 * 1024);
        const count = readSync(file, chunk);
        if (count === 0) break;
        yield chunk.subarray(0, count);
      }
    } finally {
      closeSync(file);
    }
  }
  yield* log.chunks;
}
