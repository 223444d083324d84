import type { Carried } from "../../carry/carry-image.ts";
import { humanSize } from "../../std/human-size.ts";

/** The last line of a copy: `sha256:…: sent 7.05MB, saved 3MB, 2 referrers, 0.4 s`. */
export function summaryLine({ digest, bytesSent, bytesSaved, referrers }: Carried, seconds: number): string {
  const attached = referrers === 0 ? "" : `, ${referrers} referrer${referrers === 1 ? "" : "s"}`;
  return `${digest}: sent ${humanSize(bytesSent, 3)}, saved ${humanSize(bytesSaved, 3)}${attached}, ${seconds.toFixed(1)} s`;
}
