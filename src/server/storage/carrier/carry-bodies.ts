import { createHash, type Hash } from "node:crypto";
import { readSync, writeSync } from "node:fs";
import { receiveMessageOnPort } from "node:worker_threads";
import { POLLIN, POLLOUT, pollDescriptors, receiveBytes, sendFromFile, startReading, startWriting } from "../../../linux/socket-transfer.ts";
import { plainError } from "../../../std/plain-error.ts";
import type { CarrierOrder, CarrierReport, CarrierStart, ReceiveOrder, SendOrder } from "./orders.ts";

/** What is read, hashed and written at once: little enough to stay in the processor's cache. */
const PIECE = 256 * 1024;
/** What one connection moves before it is another one's turn. */
const TURN = 1024 * 1024;
/** After so many bytes, and after the last one, the disk begins to write them, so that the fsync at the end has less to wait for. */
const WRITE_STRIDE = 2 * 1024 * 1024;
/** What is read from the disk ahead of a connection. */
const READ_STRIDE = 8 * 1024 * 1024;
/** The longest time without a look at connections that stand still, in milliseconds. */
const LONGEST_WAIT = 250;

/** One order on its way. */
interface Job {
  readonly order: ReceiveOrder | SendOrder;
  moved: number;
  /** When it last moved something. */
  since: number;
}

/**
 * The work of a carrier's thread: it waits for all of its connections at once and moves bytes between them and files, until it is closed.
 * While there are none it waits for messages.
 */
export async function carryBodies({ port, bell }: CarrierStart): Promise<void> {
  const piece = Buffer.allocUnsafeSlow(PIECE);
  const rung = Buffer.alloc(8);
  const hashes = new Map<string, Hash>();
  const jobs = new Map<number, Job>();
  const closed = Promise.withResolvers<void>();
  let open = true;

  const take = (order: CarrierOrder): void => {
    if (order.kind === "stop") {
      const job = jobs.get(order.id);
      return job && end(job, { left: true });
    }
    if (order.kind === "close") {
      open = false;
      for (const job of [...jobs.values()]) end(job, { left: true });
      port.close();
      return closed.resolve();
    }
    for (const upload of order.forgotten) hashes.delete(upload);
    const job: Job = { order, moved: 0, since: Date.now() };
    jobs.set(order.id, job);
    if (order.kind === "receive") attempt(job, () => (keep(job, order, order.first), job.moved === order.length));
  };

  const end = (job: Job, how: Pick<CarrierReport, "left" | "error">): void => {
    const { order, moved } = job;
    jobs.delete(order.id);
    const digest = order.kind === "receive" ? { digest: hashOf(order).copy().digest("hex") } : {};
    port.postMessage({ id: order.id, moved, ...how, ...digest } satisfies CarrierReport);
  };

  /** Goes on with a job. `step` says whether it has come to its end. */
  const attempt = (job: Job, step: () => boolean | "left"): void => {
    try {
      const ended = step();
      if (ended !== false) end(job, ended === "left" ? { left: true } : {});
    } catch (error) {
      const { syscall } = error as NodeJS.ErrnoException;
      end(job, syscall === "recv" || (syscall === "sendfile" && !isDiskError(error)) ? { left: true } : { error: plainError(error) });
    }
  };

  const hashOf = ({ upload, algorithm }: ReceiveOrder): Hash => {
    let hash = hashes.get(upload);
    if (!hash) hashes.set(upload, (hash = createHash(algorithm)));
    return hash;
  };

  /** Hashes and writes. */
  const keep = (job: Job, order: ReceiveOrder, bytes: Uint8Array): void => {
    for (let written = 0; written < bytes.length; ) written += writeSync(order.file, bytes, written, bytes.length - written, order.position + job.moved + written);
    hashOf(order).update(bytes);
    const before = order.position + job.moved;
    job.moved += bytes.length;
    const stride = Math.floor((before + bytes.length) / WRITE_STRIDE);
    const begun = Math.floor(before / WRITE_STRIDE);
    if (job.moved === order.length) startWriting(order.file, begun * WRITE_STRIDE, before + bytes.length - begun * WRITE_STRIDE);
    else if (stride > begun) startWriting(order.file, begun * WRITE_STRIDE, (stride - begun) * WRITE_STRIDE);
  };

  const receive = (job: Job, order: ReceiveOrder): boolean | "left" => {
    for (let turn = 0; turn < TURN && job.moved < order.length; ) {
      const wanted = Math.min(PIECE, order.length - job.moved);
      const count = receiveBytes(order.socket, piece, wanted);
      if (count === 0) return "left";
      if (count === undefined) return false;
      keep(job, order, piece.subarray(0, count));
      job.since = Date.now();
      turn += count;
      if (count < wanted) return job.moved === order.length; // that was all for now
    }
    return job.moved === order.length;
  };

  const send = (job: Job, order: SendOrder): boolean => {
    for (let turn = 0; turn < TURN && job.moved < order.length; ) {
      const position = order.position + job.moved;
      if (position % READ_STRIDE === 0 || job.moved === 0) startReading(order.file, position, Math.min(2 * READ_STRIDE, order.length - job.moved));
      const count = sendFromFile(order.socket, order.file, { position, length: Math.min(READ_STRIDE - (position % READ_STRIDE), order.length - job.moved, TURN) });
      if (count === undefined) return false;
      if (count === 0) throw new Error("a blob's file is shorter than it was");
      job.moved += count;
      job.since = Date.now();
      turn += count;
    }
    return job.moved === order.length;
  };

  const step = (job: Job): void => attempt(job, () => (job.order.kind === "receive" ? receive(job, job.order) : send(job, job.order)));

  /** Works as long as there is any. */
  const work = (): void => {
    while (open && jobs.size > 0) {
      const waiting = [...jobs.values()];
      const ready = pollDescriptors([[bell, POLLIN], ...waiting.map(({ order }) => [order.socket, order.kind === "receive" ? POLLIN : POLLOUT] as const)], LONGEST_WAIT);
      waiting.forEach((job, index) => ready[index + 1] && step(job));
      const now = Date.now();
      for (const job of jobs.values()) if (now - job.since > job.order.idle) end(job, { left: true });
      if (ready[0]) readSync(bell, rung);
      for (let message = receiveMessageOnPort(port); message && open; message = receiveMessageOnPort(port)) take(message.message as CarrierOrder);
    }
  };

  port.on("message", (order: CarrierOrder) => {
    take(order);
    work();
  });
  port.postMessage("ready");
  await closed.promise;
}

/** Whether it was the file that could not be read. */
function isDiskError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EIO";
}
