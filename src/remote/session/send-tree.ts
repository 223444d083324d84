import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { PacketSchema, type Packet } from "../api/filesync_pb.ts";
import { isRegular, treeEntries } from "./tree-entries.ts";
import type { TreeFilter } from "./tree-filter.ts";

const [STAT, REQUEST, DATA, END, ERROR] = [0, 1, 2, 3, 4];
const CHUNK = 256 * 1024;
/** After how many entries the other streams of the session get their turn. */
const ENTRIES_AT_ONCE = 200;

/**
 * Sends a folder to a worker: first what is in it, and while that is told, the content of the files that the worker
 * asks for because it does not have them. A file that went away meanwhile is empty.
 */
export async function* sendTree(root: string, requests: AsyncIterable<Packet>, { filter }: { filter: TreeFilter }): AsyncGenerator<Packet> {
  const files = new Map<number, { readonly path: string; readonly size: bigint }>();
  const wanted: number[] = [];
  const state = { ended: false, failure: undefined as Error | undefined, wake: () => {} };
  const listening = listen(requests, wanted, state);
  listening.catch(() => undefined);
  let id = 0;
  for (const entry of treeEntries(root, filter)) {
    if (isRegular(entry.mode) && entry.linkname === "") files.set(id, entry);
    id += 1;
    yield create(PacketSchema, { type: STAT, stat: entry });
    if (id % ENTRIES_AT_ONCE === 0) await breathe();
    if (state.failure) throw state.failure;
  }
  yield create(PacketSchema, { type: STAT });
  for (;;) {
    const next = wanted.shift();
    if (next !== undefined) {
      const file = files.get(next);
      // Each once: what is asked for again is a mistake of the worker.
      if (file === undefined) throw new ConnectError(`invalid file id ${next}`, Code.InvalidArgument);
      files.delete(next);
      yield* sendFile(join(root, file.path), next, file.size < CHUNK);
    } else if (state.failure) {
      throw state.failure;
    } else if (state.ended) {
      yield create(PacketSchema, { type: END });
      return;
    } else {
      await new Promise<void>((resolve) => {
        state.wake = resolve;
      });
    }
  }
}

async function listen(requests: AsyncIterable<Packet>, wanted: number[], state: { ended: boolean; failure: Error | undefined; wake: () => void }): Promise<void> {
  try {
    for await (const packet of requests) {
      if (packet.type === REQUEST) wanted.push(packet.id);
      else if (packet.type === END) state.ended = true;
      else if (packet.type === ERROR) state.failure = new ConnectError(`the worker gave up: ${Buffer.from(packet.data).toString()}`, Code.Aborted);
      state.wake();
      if (state.ended) return;
    }
    state.failure ??= new ConnectError("the worker stopped listening", Code.Aborted);
  } catch (error) {
    state.failure ??= error as Error;
  } finally {
    state.wake();
  }
}

async function* sendFile(path: string, id: number, small: boolean): AsyncGenerator<Packet> {
  try {
    // A stream takes longer to begin than a small file to be read.
    const pieces = small ? pieceOf(path) : (createReadStream(path, { highWaterMark: CHUNK }) as AsyncIterable<Uint8Array<ArrayBuffer>>);
    for await (const chunk of pieces) {
      yield create(PacketSchema, { type: DATA, id, data: chunk });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  yield create(PacketSchema, { type: DATA, id });
}

function pieceOf(path: string): Uint8Array<ArrayBuffer>[] {
  const data = readFileSync(path);
  return data.length === 0 ? [] : [data];
}
