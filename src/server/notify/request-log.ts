import { createWriteStream } from "node:fs";
import { Trouble } from "../terms/trouble.ts";
import type { RequestEntry } from "./request-entry.ts";

/** What may wait to be written; lines beyond it are left out, so that a slow disk cannot fill the memory. */
const WAITING = 16 * 1024 * 1024;
const LONGEST = 1000;

/** One request as a line of JSON. Without the query, and the end of an upload's name: who reads a log shall not be able to act with it. */
export function requestLine({ method, url, status, milliseconds, remoteAddress, user, agent, received, sent }: RequestEntry, now: Date): string {
  const path = url.replace(/[?#].*$/s, "").replace(/(\/blobs\/uploads\/[^/]{8})[^/]+$/, "$1…").slice(0, LONGEST);
  return `${JSON.stringify({
    time: now.toISOString(), method, path, status, received, sent,
    milliseconds: Math.round(milliseconds * 100) / 100, user, address: remoteAddress, agent: agent?.slice(0, LONGEST),
  })}\n`;
}

/** Lines at the end of a file, which others may truncate meanwhile. @returns how to write one, and how to end */
export function openLogFile(file: string, report: (problem: Error) => void): { write: (line: string) => void; close: () => Promise<void> } {
  const stream = createWriteStream(file, { flags: "a", mode: 0o600 });
  let failed = false;
  let left = false;
  stream.on("error", (error) => {
    failed = true;
    report(error);
  });
  return {
    write(line) {
      if (failed) return;
      if (stream.writableLength < WAITING) return void stream.write(line);
      if (!left) report(new Trouble(`${file} is written too slowly: lines of it are left out`));
      left = true;
    },
    close: () => (failed ? Promise.resolve() : new Promise((resolve) => void stream.once("error", () => resolve()).end(() => resolve()))),
  };
}
