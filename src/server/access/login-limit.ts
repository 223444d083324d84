import { createHash } from "node:crypto";

/** Counts logins per key (a user, an address) that have failed or may still fail, and says when there were too many. */
export interface LoginLimit {
  /** Seconds until another login is listened to; 0 when it is now. */
  wait(key: string): number;
  /** Counted before it is known how it ends: those that come at once would all be let through otherwise. */
  began(key: string): void;
  /** One that began was no failure. */
  takeBack(key: string): void;
  /** One succeeded that makes up for those before it. */
  succeeded(key: string): void;
}

/** Keys that are remembered; the oldest is forgotten first. */
const REMEMBERED = 50_000;

/** At most `failures` within `within` milliseconds; no limit for 0 failures. */
export function createLoginLimit({ failures, within, remembered = REMEMBERED }: { failures: number; within: number; remembered?: number }, now: () => number = Date.now): LoginLimit & { readonly size: number } {
  /** By when they began, under hashes: keys are as long as who asks wants. */
  const seen = new Map<string, { count: number; since: number }>();
  const current = (hash: string): { count: number; since: number } | undefined => {
    const entry = seen.get(hash);
    return entry && now() - entry.since < within ? entry : undefined;
  };
  const forget = (): void => {
    for (const [hash, { since }] of seen) {
      if (now() - since < within && seen.size < remembered) return;
      seen.delete(hash);
    }
  };
  return {
    get size() { return seen.size; },
    wait(key) {
      const entry = failures === 0 ? undefined : current(hashOf(key));
      return entry && entry.count >= failures ? Math.ceil((entry.since + within - now()) / 1000) : 0;
    },
    began(key) {
      if (failures === 0) return;
      const hash = hashOf(key);
      const entry = current(hash);
      if (entry) entry.count += 1;
      else {
        forget();
        seen.delete(hash);
        seen.set(hash, { count: 1, since: now() });
      }
    },
    takeBack(key) {
      const entry = current(hashOf(key));
      if (entry) entry.count -= 1;
    },
    succeeded: (key) => void seen.delete(hashOf(key)),
  };
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}
