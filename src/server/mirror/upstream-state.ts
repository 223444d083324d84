import { isFault, type Fault } from "../../std/fault.ts";
import { createBoundedCache } from "../storage/bounded-cache.ts";
import { RegistryError, type RegistryErrorCode } from "../terms/registry-error.ts";
import { Trouble } from "../terms/trouble.ts";

/** Milliseconds for which an upstream that is down is not asked again. */
const AFTER_TROUBLE = 5000;
/** The same after a 429 that does not say how long. */
const AFTER_LIMIT = 60_000;
const LONGEST_PAUSE = 3_600_000;
/** Bytes for remembering what is not there. */
const ABSENT = 4 * 1024 * 1024;

/** What is known of an upstream's health, and of what it does not have. */
export interface UpstreamState {
  /** Whether it is not to be asked now. */
  readonly paused: boolean;
  /** Asks, unless that is known to be in vain; every failure is one for clients. */
  ask<Result>(key: string, unknown: RegistryErrorCode, task: () => Promise<Result>): Promise<Result>;
  /** Remembers that it is not there. */
  noteAbsent(key: string, error: RegistryError): void;
}

/** @param options.negative how long is remembered that something is not there, in milliseconds */
export function createUpstreamState(host: string, options: { negative: number }): UpstreamState {
  const absent = createBoundedCache<{ readonly error: RegistryError; readonly until: number }>(ABSENT);
  let pause: { readonly until: number; readonly error: (seconds: number) => RegistryError } | undefined;
  const paused = (): boolean => pause !== undefined && pause.until > Date.now();
  const noteAbsent = (key: string, error: RegistryError): void => {
    if (options.negative > 0) absent.set(key, { error, until: Date.now() + options.negative }, 2 * key.length + 600);
  };

  return {
    get paused() {
      return paused();
    },
    noteAbsent,
    async ask(key, unknown, task) {
      const known = absent.get(key);
      if (known && known.until > Date.now()) throw known.error;
      if (paused()) throw pause!.error(Math.ceil((pause!.until - Date.now()) / 1000));
      try {
        return await task();
      } catch (error) {
        if (error instanceof RegistryError) throw error;
        const missing = absence(error, host, unknown);
        if (missing) {
          noteAbsent(key, missing);
          throw missing;
        }
        const trouble = troubleOf(error as Error, host);
        if (isFault(error, "REGISTRY_UNAUTHORIZED") || isFault(error, "REGISTRY_DENIED")) noteAbsent(key, trouble(0));
        // What one answer says wrongly is no reason to leave the others unasked.
        if (isFault(error) && PAUSING.includes(error.code)) pause = { until: Date.now() + waitAfter(error), error: trouble };
        throw trouble(Math.ceil(waitAfter(error) / 1000));
      }
    },
  };
}

const PAUSING: readonly string[] = ["REGISTRY_LIMIT", "REGISTRY_UNREACHABLE", "REGISTRY_TIMEOUT", "REGISTRY_CERTIFICATE"];

/** The upstream says that it has no such thing. */
function absence(error: unknown, host: string, code: RegistryErrorCode): RegistryError | undefined {
  if (isFault(error, "MANIFEST_UNKNOWN") || isFault(error, "BLOB_UNKNOWN") || isFault(error, "NAME_UNKNOWN")) return new RegistryError(code, `the registry behind this repository, ${host}, has it not`);
  return undefined;
}

function troubleOf(error: Error, host: string): (seconds: number) => RegistryError {
  if (isFault(error, "REGISTRY_UNAUTHORIZED") || isFault(error, "REGISTRY_DENIED")) {
    return () => new RegistryError("DENIED", `the registry behind this repository, ${host}, has it not or does not show it to this one`, { cause: error });
  }
  if (isFault(error, "REGISTRY_LIMIT")) {
    return (seconds) => new RegistryError("TOOMANYREQUESTS", `the registry behind this repository, ${host}, allows no more requests for now`, { headers: { "Retry-After": String(Math.max(1, seconds)) }, cause: error });
  }
  const reason = isFault(error) ? error.message : "its answer was of no use";
  return () => new RegistryError("UPSTREAM_FAILED", `the registry behind this repository could not be asked: ${reason}`, { cause: error });
}

function waitAfter(error: unknown): number {
  if (!isFault(error, "REGISTRY_LIMIT")) return AFTER_TROUBLE;
  const seconds = (error.details as { retryAfterSeconds?: number }).retryAfterSeconds;
  return seconds === undefined ? AFTER_LIMIT : Math.min(LONGEST_PAUSE, seconds * 1000);
}

/** A line for the operator's log. */
export function troubleLine(repository: string, error: Error): Error {
  const { cause } = error;
  return new Trouble(`${repository}: ${isFault(cause) ? (cause as Fault).message : error.message}; what is here is served`);
}
