import { humanSize } from "../../std/human-size.ts";
import { shortSeconds } from "./seconds.ts";

/** What a push or a pull came to. */
export interface TransferSummary {
  readonly reference: string;
  readonly digest: string;
  readonly bytesSent?: number;
  readonly bytesReceived?: number;
  /** Bytes that need not be carried: the other side had them already, or took them from another repository. */
  readonly bytesSaved: number;
  readonly seconds: number;
}

/** `sha256:…: 12.3MB sent, 45MB saved by reuse, 1.2s` */
export function summaryText({ digest, bytesSent, bytesReceived, bytesSaved, seconds }: TransferSummary): string {
  const carried = bytesSent === undefined ? `${humanSize(bytesReceived ?? 0, 3)} received` : `${humanSize(bytesSent, 3)} sent`;
  return `${digest}: ${carried}, ${humanSize(bytesSaved, 3)} saved by reuse, ${shortSeconds(seconds * 1000)}`;
}

/** Begins to measure; each call of what it gives tells the seconds since then, to the millisecond. Node's `performance` would be loaded for it, in milliseconds. */
export function startClock(): () => number {
  const started = process.hrtime.bigint();
  return () => Number((process.hrtime.bigint() - started) / 1_000_000n) / 1000;
}
