import { parseDuration } from "../../dockerfile/duration.ts";
import { fault } from "../../std/fault.ts";

/** How long a process may stand by, in milliseconds: `$SAMPAN_STANDBY`, as Go writes durations. @throws SETTING_INVALID */
export function idleTime(env: NodeJS.ProcessEnv): number {
  const text = env["SAMPAN_STANDBY"] || "10m";
  try {
    const time = parseDuration(text) / 1e6;
    if (time > 0 && time < 2 ** 31) return time;
  } catch {
    // Told as what it is not.
  }
  throw fault("SETTING_INVALID", { source: "SAMPAN_STANDBY", problem: `${JSON.stringify(text)} is no time to stand by: write it as 10m; 24 days are the most` });
}
