import type { Incident, Incidents } from "../storage/incidents.ts";

/** So many rows a minute, whoever tries how often: the log must not be a way to fill the disk. */
const A_MINUTE = 60;
const DELAY = 200;
const LONGEST = 255;

/** Writes failed logins and denied changes down, a few at a time. What is beyond the rate is counted in the next row. */
export function recordIncidents(metadata: Incidents, report: (problem: Error) => void): { note: (incident: Incident) => void; close: () => Promise<void> } {
  let waiting: Incident[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  let minute = 0;
  let written = 0;
  let leftOut = 0;

  const flush = (): void => {
    timer = undefined;
    const rows = waiting;
    waiting = [];
    writing = writing.then(() => metadata.logIncidents(rows)).catch(report);
  };

  return {
    note({ actor, ...incident }) {
      const now = Math.floor(Date.now() / 60_000);
      if (now !== minute) [minute, written] = [now, 0];
      if (written >= A_MINUTE) return void (leftOut += 1);
      written += 1;
      const detail = leftOut === 0 ? incident.detail : { ...incident.detail, leftOut: String(leftOut) };
      leftOut = 0;
      waiting.push({ ...incident, detail, actor: { ...actor, user: actor.user?.slice(0, LONGEST) } });
      timer ??= setTimeout(flush, DELAY).unref();
    },
    async close() {
      clearTimeout(timer);
      if (waiting.length > 0) flush();
      await writing;
    },
  };
}
