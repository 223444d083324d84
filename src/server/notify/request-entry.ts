import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { originOf } from "../terms/client-origin.ts";

/** What is found out about a request while it is answered. */
export interface RequestNote {
  /** The path of the route table; undefined for one that is not in it. */
  route?: string;
  /** Undefined for somebody without a name. */
  user?: string;
  repository?: string;
  /** Why it was not allowed. */
  denied?: string;
  /** Bytes of the body that did not come through the socket's own reader. */
  receivedBeside?: number;
  sentBeside?: number;
  /** Their way; it may end after the connection. */
  beside?: Promise<unknown>;
  /** Whoever follows this one request is told of its end. */
  onAnswered?: (entry: RequestEntry) => void;
}

/** One answered request. */
export interface RequestEntry extends Readonly<Omit<RequestNote, "receivedBeside" | "sentBeside" | "beside" | "onAnswered">> {
  readonly method: string;
  /** As it was sent, with the query. */
  readonly url: string;
  /** 0 when the connection broke before there was an answer. */
  readonly status: number;
  readonly milliseconds: number;
  readonly remoteAddress: string | undefined;
  readonly agent: string | undefined;
  /** Bytes on the connection, with headers. */
  readonly received: number;
  readonly sent: number;
}

/** What a connection had carried when its last answer ended: bytes of the next request may come before it is seen. */
const carried = new WeakMap<Socket, { received: number; sent: number }>();

/** Calls back after the answer, or when the connection breaks. */
export function observeRequest(request: IncomingMessage, response: ServerResponse, note: RequestNote, onRequest: (entry: RequestEntry) => void): void {
  const started = performance.now();
  const { method = "", url = "", socket } = request;
  const remoteAddress = originOf(request).address || undefined;
  response.once("close", () => {
    const before = carried.get(socket);
    const now = { received: socket.bytesRead, sent: socket.bytesWritten };
    carried.set(socket, now);
    const milliseconds = performance.now() - started;
    const tell = (): void => {
      const { receivedBeside = 0, sentBeside = 0, beside: _, onAnswered, ...found } = note;
      const entry = {
        ...found, method, url, remoteAddress, milliseconds,
        status: response.headersSent ? response.statusCode : 0,
        agent: request.headers["user-agent"],
        received: now.received - (before?.received ?? 0) + receivedBeside,
        sent: now.sent - (before?.sent ?? 0) + sentBeside,
      };
      onRequest(entry);
      onAnswered?.(entry);
    };
    if (note.beside) note.beside.then(tell, tell);
    else tell();
  });
}
