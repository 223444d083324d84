import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "./database.ts";
import type { Lease } from "./lease.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";

/** Milliseconds between two looks at a claim that another process has. */
const PAUSE = 100;

/** Work of which one process at a time is to do a piece, such as a download. A claim ends with its process. */
export class Claims {
  readonly #database: Database;
  readonly #lease: Lease;

  constructor(database: Database, lease: Lease) {
    this.#database = database;
    this.#lease = lease;
  }

  /** Waits until no other living process has claimed that work, and claims it. Disposing of the claim ends it. */
  async take(work: string, signal?: AbortSignal): Promise<Disposable> {
    while (!this.#tryTake(work)) await pause(PAUSE, undefined, signal ? { signal } : {});
    return { [Symbol.dispose]: () => this.#database.transaction(() => this.#lease.drop("claim", work)) };
  }

  #tryTake(work: string): boolean {
    return this.#database.transaction(() => {
      const others = this.#database.all<ProcessIdentity>(
        `SELECT pid, started, boot, namespace FROM lease_item JOIN lease ON lease.id = lease_item.lease
         WHERE kind = 'claim' AND object = ? AND lease.id <> ?`, work, this.#lease.id,
      );
      if (others.some((identity) => isAlive(identity))) return false;
      this.#lease.hold("claim", work);
      return true;
    });
  }
}
