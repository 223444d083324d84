import { writeSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { setTerminalSize } from "../linux/terminal.ts";
import type { RunJob, RunOptions } from "./run-job.ts";

/**
 * Joins the terminal of a command to what this process has on stdin and stdout: keys go in as they are (raw
 * mode, so Ctrl-C reaches the command), output comes out, the size follows the window.
 */
export class TerminalLink implements Disposable {
  readonly #stdin: RunJob["stdin"];
  readonly #onOutput: RunOptions["onOutput"];
  readonly #closing = new AbortController();
  #stream: ReadStream | undefined;
  #output: Promise<void> = Promise.resolve();

  constructor(stdin: RunJob["stdin"], onOutput: RunOptions["onOutput"]) {
    this.#stdin = stdin;
    this.#onOutput = onOutput;
  }

  /** Starts with the controlling side of the command's terminal, which from now on belongs to this. */
  connect(fd: number): void {
    this.#stream = new ReadStream(fd);
    this.#followSize(fd);
    this.#output = this.#read(this.#stream);
    const source = this.#stdin === "inherit" ? process.stdin : this.#stdin;
    if (source === process.stdin && process.stdin.isTTY) process.stdin.setRawMode(true);
    if (source instanceof Readable) this.#write(source, fd);
  }

  /** Resolves when all that the command wrote has been handed out. */
  drained(): Promise<void> {
    return this.#output;
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
    this.#stream?.destroy();
    if (this.#stdin !== "inherit") return;
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdin.pause().unref();
  }

  #followSize(fd: number): void {
    const { stdout } = process;
    if (!stdout.isTTY) return;
    const follow = (): void => setTerminalSize(fd, stdout.columns, stdout.rows);
    follow();
    stdout.on("resize", follow);
    this.#closing.signal.addEventListener("abort", () => stdout.off("resize", follow));
  }

  async #read(stream: ReadStream): Promise<void> {
    try {
      for await (const data of stream) await this.#onOutput?.("stdout", data as Uint8Array);
    } catch (error) {
      // The kernel's way to say that nobody has the other side open any more.
      if ((error as NodeJS.ErrnoException).code !== "EIO" && !this.#closing.signal.aborted) throw error;
    }
  }

  #write(source: Readable, fd: number): void {
    const { signal } = this.#closing;
    signal.addEventListener("abort", () => source.off("data", take));
    let pending = Promise.resolve();
    const take = (chunk: Uint8Array | string): void => {
      const data = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      source.pause();
      pending = pending.then(() => writeAll(fd, data, signal)).then(() => void source.resume());
    };
    source.on("data", take);
    const END_OF_INPUT = Uint8Array.of(4); // Ctrl-D, what a terminal knows as the end
    source.once("end", () => void pending.then(() => writeAll(fd, END_OF_INPUT, signal)));
  }
}

/** Writes to a descriptor that does not block; the command may be slow to read. */
async function writeAll(fd: number, data: Uint8Array, signal: AbortSignal): Promise<void> {
  let offset = 0;
  while (offset < data.length && !signal.aborted) {
    try {
      offset += writeSync(fd, data, offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      await delay(5);
    }
  }
}
