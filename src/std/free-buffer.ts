/** Bytes: smaller buffers share their memory with others. */
const POOLED = 64 * 1024;

/**
 * Gives the memory of a buffer back at once; neither it nor another part of the same memory may be used any more. Garbage of
 * large buffers is collected late, as hardly anything of it lies in the heap, and amounts to more in the meantime than all
 * that is in use.
 */
export function freeBuffer({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > POOLED) buffer.transfer(0);
}
