import { isFault, type Fault } from "../../std/fault.ts";
import { createBoundedCache } from "../storage/bounded-cache.ts";
import { RegistryError, toRegistryError, type RegistryErrorCode } from "../terms/registry-error.ts";
import { Trouble } from "../terms/trouble.ts";
import type { UpstreamBreaker } from "./upstream-breaker.ts";

/** Bytes for remembering what cannot be had. */
const ABSENT = 4 * 1024 * 1024;
/** For so long nobody asks again for what came and cannot be kept, in milliseconds. */
const UNUSABLE = 5000;

/** What is known of what an upstream does not have, or does not give. */
export interface UpstreamState {
  /** Whether nobody is asked for anything now. */
  readonly paused: boolean;
  /** Whether it would be in vain to ask for that now: nobody is asked, or it has failed a moment ago. */
  rests(key: string): boolean;
  /** Asks, unless that is known to be in vain; every failure is one for clients. */
  ask<Result>(key: string, unknown: RegistryErrorCode, task: () => Promise<Result>): Promise<Result>;
  /** Remembers that it is not there. */
  noteAbsent(key: string, error: RegistryError): void;
}

/** @param options.negative how long is remembered that something is not there, in milliseconds */
export function createUpstreamState(breaker: UpstreamBreaker, options: { negative: number }): UpstreamState {
  const { host } = breaker;
  /** `failed`: it may be there. */
  const vain = createBoundedCache<{ readonly error: RegistryError; readonly until: number; readonly failed: boolean }>(ABSENT);
  const note = (key: string, error: RegistryError, milliseconds: number, failed: boolean): void => {
    if (milliseconds > 0) vain.set(key, { error, until: Date.now() + milliseconds, failed }, 2 * key.length + 600);
  };
  const noteAbsent = (key: string, error: RegistryError): void => note(key, error, options.negative, false);
  const knownOf = (key: string) => {
    const known = vain.get(key);
    return known && known.until > Date.now() ? known : undefined;
  };

  return {
    get paused() {
      return breaker.paused;
    },
    rests: (key) => breaker.paused || knownOf(key)?.failed === true,
    noteAbsent,
    async ask(key, unknown, task) {
      const known = knownOf(key);
      if (known) throw known.error;
      breaker.admit();
      try {
        const result = await task();
        breaker.answered();
        return result;
      } catch (error) {
        if (error instanceof RegistryError) {
          breaker.answered();
          if (error.code === "UPSTREAM_FAILED") note(key, error, UNUSABLE, true);
          throw error;
        }
        const own = toRegistryError(error);
        if (own.code !== "INTERNAL") {
          breaker.gaveUp();
          throw own;
        }
        const refused = isFault(error, "REGISTRY_UNAUTHORIZED") || isFault(error, "REGISTRY_DENIED");
        const missing = absence(error, host, unknown) ?? (refused ? hidden(error, host) : undefined);
        if (missing) {
          breaker.answered();
          noteAbsent(key, missing);
          throw missing;
        }
        const seconds = breaker.failed(error, key);
        const trouble = troubleOf(error as Error, host, seconds);
        if (!breaker.paused) note(key, trouble, seconds * 1000, true);
        throw trouble;
      }
    },
  };
}

/** The upstream says that it has no such thing. */
function absence(error: unknown, host: string, code: RegistryErrorCode): RegistryError | undefined {
  if (isFault(error, "MANIFEST_UNKNOWN") || isFault(error, "BLOB_UNKNOWN") || isFault(error, "NAME_UNKNOWN")) return new RegistryError(code, `the registry behind this repository, ${host}, has it not`);
  return undefined;
}

function hidden(cause: unknown, host: string): RegistryError {
  return new RegistryError("DENIED", `the registry behind this repository, ${host}, has it not or does not show it to this one`, { cause });
}

function troubleOf(cause: Error, host: string, seconds: number): RegistryError {
  const headers = { "Retry-After": String(Math.max(1, seconds)) };
  if (isFault(cause, "REGISTRY_LIMIT")) return new RegistryError("TOOMANYREQUESTS", `the registry behind this repository, ${host}, allows no more requests for now`, { headers, cause });
  return new RegistryError("UPSTREAM_FAILED", `the registry behind this repository could not be asked: ${isFault(cause) ? cause.message : "its answer was of no use"}`, { headers, cause });
}

/** A line for the operator's log. */
export function troubleLine(repository: string, error: Error): Error {
  const { cause } = error;
  return new Trouble(`${repository}: ${isFault(cause) ? (cause as Fault).message : error.message}; what is here is served`);
}
