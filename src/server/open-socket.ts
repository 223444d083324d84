import type { Socket } from "node:net";
import type { OpenSocket } from "./storage/blob-storage.ts";

/** Bodies from this size on go past node:http; for smaller ones the way to another thread is too long. */
export const LARGE = 512 * 1024;

/** A connection for those that move bytes past it: undefined for one with encryption, whose bytes only it can read and write. */
export function openSocketOf(socket: Socket | null, idle: number): (OpenSocket & Disposable) | undefined {
  const fd = (socket as { _handle?: { fd?: unknown } } | null)?._handle?.fd;
  if (!socket || socket.destroyed || "encrypted" in socket || typeof fd !== "number" || fd < 0) return undefined;
  const closed = new AbortController();
  const close = (): void => closed.abort();
  socket.once("close", close);
  return { fd, idle, signal: closed.signal, [Symbol.dispose]: () => void socket.off("close", close) };
}
