import { every } from "../terms/every.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { AccessControl } from "./access-control.ts";

/** In milliseconds. A user who is away for a shorter time may come back to the tokens. */
const INTERVAL = 5 * 60_000;

/** Looks now, and then from time to time, for personal tokens that have outlived their users; one that is used is looked at anyway. */
export function watchOrphans({ endOrphans }: AccessControl, report: (problem: Error) => void): AsyncDisposable {
  if (endOrphans === undefined) return { [Symbol.asyncDispose]: async () => undefined };
  const look = (): Promise<void> =>
    (running = endOrphans().catch((problem: Error) => {
      if (!(problem instanceof RegistryError)) report(problem); // a directory that is down says nothing of its users
    }));
  let running = Promise.resolve();
  const timer = every(INTERVAL, look, report);
  void look();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
}
