import { isFault, type Fault } from "../../std/fault.ts";
import type { UpstreamStatus } from "../pull-through.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { Trouble } from "../terms/trouble.ts";

/** Milliseconds for which an upstream that is down is not asked again; twice as long each time that it still is, up to the longest. */
const FIRST_PAUSE = 5000;
const LONGEST_PAUSE = 60_000;
/** After a 429 that does not say how long. */
const AFTER_LIMIT = 60_000;
/** What an upstream itself may ask for. */
const LONGEST_WANTED = 3_600_000;
/** When so many different things were answered with a 5xx and nothing well between them, it is its state, and not that of one image, which may be asked for for days. */
const FAILURES = 3;
/** When those may come back who come while one request finds out whether it answers again, in seconds. */
const TRYING = 1;

/** Nobody has answered, or in a way that says nothing of what was asked for. */
const SILENT: readonly string[] = ["REGISTRY_UNREACHABLE", "REGISTRY_TIMEOUT", "REGISTRY_CERTIFICATE"];

/**
 * Leaves an upstream alone that is down or allows no more requests, so that clients need not wait for what cannot come and it is not kept busy when it comes back. When the pause is
 * over one request is let through; the others are when that was answered. All rules with the same upstream and login share one.
 */
export interface UpstreamBreaker {
  readonly host: string;
  /** Whether it is not to be asked now. */
  readonly paused: boolean;
  /** To be called before it is asked. @throws RegistryError TOOMANYREQUESTS, UPSTREAM_FAILED with Retry-After while it is not to be asked */
  admit(): void;
  /** It has answered, be it with no. */
  answered(): void;
  /** It has not, or not usefully. @param asked what for @returns for how many seconds nobody asks for the same again */
  failed(error: unknown, asked: string): number;
  /** What was asked came to nothing for reasons of this registry. */
  gaveUp(): void;
  status(): UpstreamStatus;
}

export function createUpstreamBreaker(host: string, report: (problem: Error) => void): UpstreamBreaker {
  let pause: { readonly until: number; readonly length: number; readonly cause: Fault } | undefined;
  let trying = false;
  const inARow = new Set<string>();
  const total = { failures: 0, pauses: 0 };
  const resting = (): boolean => pause !== undefined && (trying || pause.until > Date.now());

  return {
    host,
    get paused() {
      return resting();
    },
    admit() {
      if (pause === undefined) return;
      if (resting()) throw refusalOf(host, pause.cause, trying ? TRYING : Math.ceil((pause.until - Date.now()) / 1000));
      trying = true;
    },
    answered() {
      if (pause !== undefined && trying) report(new Trouble(`the registry ${host} answers again`));
      if (pause === undefined || trying) {
        pause = undefined;
        inARow.clear();
      }
      trying = false;
    },
    failed(error, asked) {
      trying = false;
      total.failures += 1;
      if (inARow.size < FAILURES) inARow.add(asked);
      if (!isFault(error)) return FIRST_PAUSE / 1000;
      const wanted = wantedBy(error);
      const known = pause?.length;
      const length = wanted ?? Math.min(LONGEST_PAUSE, known === undefined ? FIRST_PAUSE : known * 2);
      if (wanted === undefined && !SILENT.includes(error.code) && !(error.code === "REGISTRY_SERVER_ERROR" && (inARow.size >= FAILURES || known !== undefined))) return FIRST_PAUSE / 1000;
      // Others that were on their way when the pause began say the same thing again.
      if (pause !== undefined && pause.until > Date.now()) return Math.ceil((pause.until - Date.now()) / 1000);
      pause = { until: Date.now() + length, length: wanted === undefined ? length : FIRST_PAUSE, cause: error };
      total.pauses += 1;
      report(new Trouble(`the registry ${host} is not asked for ${Math.ceil(length / 1000)} s: ${error.message}; what is here is served`));
      return Math.ceil(length / 1000);
    },
    gaveUp: () => void (trying = false),
    status: () => ({ host, paused: resting(), ...total, ...(pause !== undefined && resting() ? { reason: pause.cause.message, until: new Date(pause.until).toISOString() } : {}) }),
  };
}

/** How long an upstream itself says that it wants to be left alone, in milliseconds. */
function wantedBy(error: unknown): number | undefined {
  const { details } = error as Fault;
  const { retryAfterSeconds } = details as { retryAfterSeconds?: number };
  if (isFault(error, "REGISTRY_LIMIT")) return retryAfterSeconds === undefined ? AFTER_LIMIT : Math.min(LONGEST_WANTED, Math.max(1, retryAfterSeconds) * 1000);
  return isFault(error, "REGISTRY_SERVER_ERROR") && retryAfterSeconds !== undefined && (details as { status?: number }).status === 503 ? Math.min(LONGEST_WANTED, Math.max(1, retryAfterSeconds) * 1000) : undefined;
}

/** What clients get while it is not asked. */
function refusalOf(host: string, cause: Error, seconds: number): RegistryError {
  const headers = { "Retry-After": String(seconds) };
  if (isFault(cause, "REGISTRY_LIMIT")) return new RegistryError("TOOMANYREQUESTS", `the registry behind this repository, ${host}, allows no more requests for now`, { headers, cause });
  return new RegistryError("UPSTREAM_FAILED", `the registry behind this repository, ${host}, is not asked for ${seconds} second${seconds === 1 ? "" : "s"}, since it failed: ${cause.message}`, { status: 503, headers, cause });
}
