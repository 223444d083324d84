import { once } from "node:events";
import type { ServerResponse } from "node:http";

/**
 * Sends chunks as the body and ends the answer. A chunk may be overwritten by its source after the next one was
 * asked for, so each is out of our hands before that. When the client leaves, it stops without an error. A client that
 * reads nothing for `idle` milliseconds is dropped.
 */
export async function sendStream(response: ServerResponse, chunks: AsyncIterable<Uint8Array>, idle: number): Promise<void> {
  response.socket?.setTimeout(idle);
  const gone = new Promise<"gone">((resolve) => response.once("close", () => resolve("gone")));
  for await (const chunk of chunks) {
    if (response.destroyed) return;
    const sent = new Promise<"sent">((resolve) => response.write(chunk, () => resolve("sent")));
    if ((await Promise.race([sent, gone])) === "gone") return;
  }
  response.end();
  if (!response.writableFinished && !response.destroyed) await Promise.race([once(response, "finish"), gone]);
}
