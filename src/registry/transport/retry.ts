import { setTimeout as sleep } from "node:timers/promises";

/** When a request is made again. Times in milliseconds. */
export interface RetryPolicy {
  /** How often a request is made in all. */
  readonly attempts: number;
  /** The first pause; each further one is twice as long, up to `longest`. */
  readonly base: number;
  readonly longest: number;
  /** A Retry-After beyond this is not waited for. */
  readonly longestRetryAfter: number;
}

export const RETRY_POLICY: RetryPolicy = { attempts: 5, base: 400, longest: 8_000, longestRetryAfter: 60_000 };

/** Time and chance, so that tests need neither. */
export interface RetryClock {
  now(): number;
  random(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: RetryClock = {
  now: Date.now,
  random: Math.random,
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
};

/** Whether the same request may succeed later; 499 and 522 come from proxies (registry reference § 6.5). */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status === 499 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * The pause before attempt `attempt + 1`: exponential, and between half and whole of it by chance, so that
 * clients that failed together do not come back together. Retry-After wins. Undefined: do not try again.
 */
export function retryDelay(
  attempt: number,
  policy: RetryPolicy,
  clock: RetryClock,
  retryAfter: string | undefined = undefined,
): number | undefined {
  if (attempt >= policy.attempts) return undefined;
  const asked = parseRetryAfter(retryAfter, clock.now());
  // One that asks to come back at once is not asked faster than any other.
  if (asked !== undefined) return asked <= policy.longestRetryAfter ? Math.max(asked, policy.base / 2) : undefined;
  const whole = Math.min(policy.longest, policy.base * 2 ** (attempt - 1));
  return whole / 2 + (whole / 2) * clock.random();
}

/** Milliseconds from now of a Retry-After header, given in seconds or as a date (RFC 9110 § 10.2.3). */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/[a-z]/i.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
