import type { ClientRequest, IncomingMessage } from "node:http";
import { ConnectionError } from "./connection-error.ts";

export type Body = Uint8Array | string | AsyncIterable<Uint8Array>;

export interface ExchangeOptions {
  readonly url: URL;
  readonly body?: Body;
  /** Milliseconds until a connection stands. */
  readonly connectTimeout: number;
  /** Milliseconds from the end of the request to the answer's headers; and for the last pieces of its body to be taken. */
  readonly answerTimeout: number;
  /** Milliseconds without a byte of the answer's body, or twice as many with next to none of what was asked for by GET. */
  readonly idleTimeout: number;
  /** Whether the answer's body waits for its reader, where node:http does not know. */
  readonly isHeld?: () => boolean;
  readonly signal?: AbortSignal;
}

/**
 * One HTTP request over an agent's connections. Sends the body as fast as the connection takes it, and stops when the
 * answer comes before its end.
 * @returns the answer as soon as its headers are there; its body must be read to the end or destroyed
 * @throws ConnectionError for what took too long, what the sockets throw for the rest
 */
export async function exchange(start: () => ClientRequest, options: ExchangeOptions): Promise<IncomingMessage> {
  for (;;) {
    const request = start();
    try {
      return await answerOf(request, options);
    } catch (error) {
      // The registry closed an idle connection while we began to use it again: nothing was done with the request.
      const stale = request.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET" && !isStream(options.body);
      if (!stale || options.signal?.aborted) throw error;
    }
  }
}

function answerOf(request: ClientRequest, options: ExchangeOptions): Promise<IncomingMessage> {
  const { url, body, signal } = options;
  return new Promise((resolve, reject) => {
    const late = (what: string, milliseconds: number): void =>
      void request.destroy(new ConnectionError("timeout", `no ${what}`, url, undefined, { what, milliseconds }));
    let timer: NodeJS.Timeout | undefined;
    const wait = (what: string, milliseconds: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => late(what, milliseconds), milliseconds);
    };
    const abort = (): void => void request.destroy(signal!.reason as Error);
    const sent = (): void => wait("an answer", options.answerTimeout);
    let [stands, handedOver] = [false, false];
    const connected = (): void => {
      clearTimeout(timer);
      stands = true;
      if (handedOver) sent();
    };
    request.once("socket", (socket) => {
      if (!socket.connecting) return connected();
      wait("a connection", options.connectTimeout);
      socket.once("encrypted" in socket ? "secureConnect" : "connect", connected);
    });
    request.once("finish", sent);
    request.once("response", (answer) => {
      clearTimeout(timer);
      request.off("finish", sent);
      watch(answer, request, options);
      resolve(answer);
    });
    request.on("error", reject); // stays: errors that come after the answer reach its reader through the body
    request.once("close", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    });
    if (signal?.aborted) return abort();
    signal?.addEventListener("abort", abort, { once: true });
    // Nobody else sees whether the other side takes the last of it.
    const whole = (): void => {
      handedOver = true;
      if (stands && !request.writableFinished) sent();
    };
    if (isStream(body)) send(request, body, whole).catch((error: unknown) => request.destroy(error as Error));
    else {
      request.end(body);
      whole();
    }
  });
}

/**
 * Bytes of what was asked for that come in one of two idle timeouts at least: whoever sends one now and then would keep us for ever.
 * Not so where something is done: S3 sends a space now and then until it has put an object together.
 */
const LEAST = 1024;

/** Ends an answer that stalls or trickles, and the connection of one that came before its request was sent. */
function watch(answer: IncomingMessage, request: ClientRequest, { url, idleTimeout, isHeld }: ExchangeOptions): void {
  const { socket } = answer;
  // A reader that takes its time is not the registry's fault.
  const held = (): boolean => answer.readableLength > 0 || isHeld?.() === true;
  const giveUp = (): void => void answer.destroy(new ConnectionError("timeout", "no data", url, undefined, { what: "data", milliseconds: idleTimeout }));
  const stalled = (): void => {
    if (held()) socket.setTimeout(idleTimeout);
    else giveUp();
  };
  let seen = socket.bytesRead;
  let meagre = 0;
  const look = setInterval(() => {
    // An answer that nobody reads to its end is never closed.
    if (answer.complete || socket.destroyed) return clearInterval(look);
    const came = socket.bytesRead - seen;
    seen = socket.bytesRead;
    meagre = request.method === "GET" && came < LEAST && !held() ? meagre + 1 : 0;
    if (meagre === 2) giveUp();
  }, idleTimeout).unref();
  socket.setTimeout(idleTimeout);
  socket.on("timeout", stalled);
  answer.once("close", () => {
    clearInterval(look);
    socket.off("timeout", stalled);
    socket.setTimeout(0);
    if (!request.writableFinished) request.destroy();
  });
}

/**
 * A chunk is on its way before the one after the next is asked for, so that who makes them may use their memory again.
 * @param whole called when there are no more
 */
async function send(request: ClientRequest, body: AsyncIterable<Uint8Array>, whole: () => void): Promise<void> {
  let over = false;
  const end = (): void => { over = true; };
  request.once("response", end).once("close", end);
  let before: Promise<void> | undefined;
  for await (const chunk of body) {
    if (over) return;
    const own = written(request, chunk);
    await before;
    before = own;
    if (over) return;
  }
  request.end();
  if (!over) whole();
}

function written(request: ClientRequest, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ["response", "close"]) request.off(event, done);
      resolve();
    };
    for (const event of ["response", "close"]) request.once(event, done);
    request.write(chunk, done);
  });
}

function isStream(body: Body | undefined): body is AsyncIterable<Uint8Array> {
  return body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array);
}

