import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough, type Writable } from "node:stream";
import { createArchivePort } from "../build/archive-port.ts";
import { writeOutput } from "../export/write-output.ts";
import { keepArchive } from "../build/keep-archive.ts";
import { readArchive } from "../image/read-archive.ts";
import type { Digest } from "../oci/digest.ts";
import type { Store } from "../store/open-store.ts";
import type { WorkerBuild, WorkerOutput } from "./worker-build.ts";

/** What becomes of the results that a worker sends. */
export interface Results {
  /** By the output's place in the request. */
  readonly sinks: ReadonlyMap<number, () => Promise<Writable>>;
  /** After the worker is done: waits until everything is where it belongs. @returns the id of an image in the store */
  finish(): Promise<Digest | undefined>;
  /** After a failure: nothing stays half written. */
  abandon(error: unknown): void;
}

/** Prepares the ways of all outputs that send something. @param store opens the store when an image goes into it */
export function prepareResults(build: WorkerBuild, { store, signal }: { store: () => Promise<Store>; signal: AbortSignal }): Results {
  const sinks = new Map<number, () => Promise<Writable>>();
  const work: Promise<Digest | undefined>[] = [];
  const open: Writable[] = [];
  const started = (stream: Writable, done: Promise<Digest | undefined>): Writable => {
    done.catch((error: unknown) => stream.destroy(error as Error));
    work.push(done);
    open.push(stream);
    return stream;
  };
  for (const [index, output] of build.outputs.entries()) {
    const { sink } = output;
    if (sink.kind === "worker") continue;
    sinks.set(index, async () => {
      const stream = new PassThrough({ highWaterMark: 1024 * 1024 });
      if (sink.kind === "store") return started(stream, loadImage(stream, await store(), build, output, signal));
      if (sink.kind === "file") return started(stream, writeFile(stream, sink.dest, build.cwd));
      return started(stream, fillFolder(stream, resolve(build.cwd, sink.dest), signal));
    });
  }
  return {
    sinks,
    finish: async () => (await Promise.all(work)).find((id) => id !== undefined),
    abandon: (error) => {
      for (const stream of open) stream.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  };
}

async function loadImage(stream: PassThrough, store: Store, { tags }: WorkerBuild, output: WorkerOutput, signal: AbortSignal): Promise<Digest | undefined> {
  const archive = await readArchive(stream, store.blobs, { archive: "what the builder sends", indexes: true, signal });
  // Of names that the output itself was given, the worker made use already.
  return keepArchive(store, archive, output.attrs["name"]?.split(",") ?? tags)[0]?.id;
}

async function writeFile(stream: PassThrough, dest: string, cwd: string): Promise<undefined> {
  await writeOutput(dest, cwd, async (output) => {
    for await (const chunk of stream) {
      if (!output.write(chunk)) await new Promise((done) => output.once("drain", done));
    }
  });
}

/** A folder comes as a tar, which is unpacked with the care that strangers get. */
async function fillFolder(stream: PassThrough, folder: string, signal: AbortSignal): Promise<undefined> {
  const temporary = mkdtempSync(join(tmpdir(), "sampan-result-"));
  try {
    const archive = join(temporary, "result.tar");
    const output = createWriteStream(archive);
    for await (const chunk of stream) {
      if (!output.write(chunk)) await new Promise<void>((done, failed) => void output.once("drain", () => done()).once("error", failed));
    }
    await new Promise<void>((done, failed) => void output.once("error", failed).end(() => done()));
    mkdirSync(folder, { recursive: true });
    await createArchivePort(signal).unpack(archive, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
