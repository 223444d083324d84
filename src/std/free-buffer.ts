import { isMarkedAsUntransferable } from "node:worker_threads";

/** Bytes: less than that is not worth the call. */
const WORTH = 64 * 1024;

/**
 * Gives the memory of a buffer back at once; neither it nor another part of the same memory may be used any more. Garbage of
 * large buffers is collected late, as hardly anything of it lies in the heap, and amounts to more in the meantime than all
 * that is in use. Node's pool, whose memory small buffers share, is marked, and stays.
 */
export function freeBuffer({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > WORTH && !isMarkedAsUntransferable(buffer)) buffer.transfer(0);
}
