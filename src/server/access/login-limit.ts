/** Counts failed logins per key (a user, an address) and says when there were too many. */
export interface LoginLimit {
  /** Seconds until another login is listened to; 0 when it is now. */
  wait(key: string): number;
  failed(key: string): void;
  succeeded(key: string): void;
}

/** Keys that are remembered; the oldest is forgotten first. */
const REMEMBERED = 50_000;

/** At most `failures` within `within` milliseconds; no limit for 0 failures. */
export function createLoginLimit({ failures, within }: { failures: number; within: number }, now: () => number = Date.now): LoginLimit {
  const seen = new Map<string, { count: number; since: number }>();
  const current = (key: string): { count: number; since: number } | undefined => {
    const entry = seen.get(key);
    if (entry && now() - entry.since >= within) {
      seen.delete(key);
      return undefined;
    }
    return entry;
  };
  return {
    wait(key) {
      const entry = failures === 0 ? undefined : current(key);
      return entry && entry.count >= failures ? Math.ceil((entry.since + within - now()) / 1000) : 0;
    },
    failed(key) {
      if (failures === 0) return;
      const entry = current(key);
      if (entry) entry.count += 1;
      else {
        seen.set(key, { count: 1, since: now() });
        if (seen.size > REMEMBERED) seen.delete(seen.keys().next().value!);
      }
    },
    succeeded: (key) => void seen.delete(key),
  };
}
