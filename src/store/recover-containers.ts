import { readdirSync } from "node:fs";
import { join } from "node:path";
import { removeCgroups } from "../linux/remove-cgroups.ts";
import { isUp, type ContainerState, type RunningContainer } from "./container-record.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";
import { moveAway, type RemovalPlace } from "./removal.ts";

/** What a container is said to have ended with when its supervisor was killed: the kernel kills it then by SIGKILL. */
const KILLED = 137;
/** Milliseconds for the kernel to end what it kills then. */
const DEATH = 1000;

/**
 * Puts right what supervisors that died left behind, by SIGKILL or because the machine went down: their containers have
 * ended, and those that were to be removed at their end are.
 * @returns folders that nobody needs, for the caller to delete.
 */
export function recoverContainers({ database, lease, containers }: RemovalPlace): readonly string[] {
  const rows = database.all<Row>("SELECT id, state, auto_remove, running, pid, started, boot, namespace FROM container WHERE pid IS NOT NULL");
  const dead = rows.filter((row) => !isAlive(row));
  if (dead.length === 0) return [];
  const trash: string[] = [];
  const cgroups: string[] = [];
  database.transaction(() => {
    for (const { id, state, auto_remove: autoRemove, running, pid, started } of dead) {
      const mine = database.run("UPDATE container SET pid = NULL, running = NULL WHERE id = ? AND pid = ? AND started = ?", id, pid, started).changes > 0;
      if (!mine) continue; // another process was quicker
      if (running !== null) cgroups.push(...(JSON.parse(running) as RunningContainer).cgroups);
      if (autoRemove === 1) {
        database.run("DELETE FROM container WHERE id = ?", id);
        moveAway(join(containers, id), lease.temporaryPath("container"), trash);
      } else if (isUp(state)) {
        database.run(
          "UPDATE container SET state = 'exited', exit_code = ?, finished_at = ?, error = ? WHERE id = ?",
          KILLED, Date.now(), "the process that supervised it was killed", id,
        );
      }
    }
  });
  removeCgroups(cgroups, { patience: DEATH });
  return trash;
}

interface Row extends ProcessIdentity {
  readonly id: string;
  readonly state: ContainerState;
  readonly auto_remove: number;
  readonly running: string | null;
}

/**
 * Folders of containers that belong to none. They are made in one transaction with their rows, so an empty one is what a kill between the
 * two left; in others a container has written, of which the database knew, and nobody but a person knows what that is worth. To be called in a transaction.
 */
export function strayContainers({ database, containers }: RemovalPlace): { readonly path: string; readonly empty: boolean }[] {
  const known = new Set(database.all<{ id: string }>("SELECT id FROM container").map(({ id }) => id));
  return namesIn(containers).filter((name) => !known.has(name)).map((name) => {
    const path = join(containers, name);
    return { path, empty: namesIn(path).every((part) => namesIn(join(path, part)).length === 0 && EMPTY.has(part)) };
  });
}

/** What is made with a container. */
const EMPTY: ReadonlySet<string> = new Set(["fs", "work"]);

/** Takes away what kills left of containers. To be called in a transaction. */
export function moveStrayContainers(place: RemovalPlace, trash: string[]): void {
  for (const { path, empty } of strayContainers(place)) if (empty) moveAway(path, place.lease.temporaryPath("container"), trash);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it is made with the first container
  }
}
