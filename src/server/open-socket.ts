import type { Socket } from "node:net";
import type { OpenSocket } from "./storage/blob-storage.ts";

/** Bodies from these sizes on go past node:http; for smaller ones the way to another thread is too long. What comes is also hashed, what goes is not. */
export const LARGE_UPLOAD = 512 * 1024;
export const LARGE_BLOB = 2 * 1024 * 1024;

/** What libuv has of a connection, which Node shows as `_handle`. */
interface Handle {
  readonly fd: number;
  readStart(): number;
  readStop(): number;
}

/** A connection for those that move bytes past it: undefined for one with encryption, whose bytes only it can read and write. */
export function openSocketOf(socket: Socket | null, idle: number): (OpenSocket & Disposable) | undefined {
  const handle = handleOf(socket);
  if (!socket || !handle || socket.destroyed || "encrypted" in socket || handle.fd < 0) return undefined;
  const closed = new AbortController();
  const close = (): void => closed.abort();
  socket.once("close", close);
  // A number that is asked for again, because it is somebody else's as soon as the connection is closed, which the signal says later.
  return { get fd() { return handle.fd; }, idle, signal: closed.signal, [Symbol.dispose]: () => void socket.off("close", close) };
}

/**
 * Has Node read nothing more from a connection. `pause()` does not hold: what asks the request for bytes, now or in one of the next
 * ticks, resumes its connection. @returns has Node read again
 */
export function stopReading(socket: Socket): () => void {
  const handle = handleOf(socket)!;
  const readStart = handle.readStart.bind(handle);
  handle.readStop();
  handle.readStart = () => 0;
  return () => {
    handle.readStart = readStart;
    if (!socket.destroyed) readStart();
  };
}

function handleOf(socket: Socket | null): Handle | undefined {
  const handle = (socket as { _handle?: Partial<Handle> | null } | null)?._handle;
  return typeof handle?.fd === "number" && typeof handle.readStart === "function" && typeof handle.readStop === "function" ? (handle as Handle) : undefined;
}
