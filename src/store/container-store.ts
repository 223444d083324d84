import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../oci/digest.ts";
import { fault } from "../std/fault.ts";
import type { ContainerRecord, ContainerSpec, ContainerState, RunningContainer } from "./container-record.ts";
import type { Database } from "./database.ts";
import { findContainerRow } from "./find-container.ts";
import type { Lease } from "./lease.ts";
import { isAlive, ownIdentity, type ProcessIdentity } from "./process-identity.ts";
import { moveAway } from "./removal.ts";
import { copyRootAttributes, toNumber } from "./snapshot-store.ts";
import { guarded } from "./storage-fault.ts";

export interface NewContainer {
  readonly id: string;
  readonly name: string;
  readonly image: Digest;
  readonly snapshot?: string | undefined;
  /** The uppermost folder below the writable layer, whose mode and owner its own top gets. */
  readonly below?: string | undefined;
  readonly autoRemove: boolean;
  readonly spec: ContainerSpec;
}

/**
 * Containers, each with a folder `containers/<id>` that holds its writable layer (`fs`, and `work` for overlayfs) and
 * its logs. A row keeps the snapshots below the layer from collection, until the container is removed. While a process
 * makes or supervises a container its identity stands in the row; recover-containers.ts puts right what such a
 * process left when it died.
 */
export class ContainerStore {
  readonly #database: Database;
  readonly #lease: Lease;
  readonly #folder: string;
  readonly #remove: (path: string) => Promise<void>;
  readonly #recover: () => readonly string[];

  /**
   * @param actions.remove deletes a folder that is out of the way; the store waits for it when it is closed.
   * @param actions.recover see recover-containers.ts
   */
  constructor(database: Database, lease: Lease, folder: string, actions: { remove(path: string): Promise<void>; recover(): readonly string[] }) {
    this.#database = database;
    this.#lease = lease;
    this.#folder = folder;
    this.#remove = actions.remove;
    this.#recover = actions.recover;
  }

  /** Where everything of a container lies. */
  folder(id: string): string {
    return join(this.#folder, id);
  }

  /** Its writable layer, as overlayfs wants it. */
  layer(id: string): { readonly upper: string; readonly work: string } {
    return { upper: join(this.#folder, id, "fs"), work: join(this.#folder, id, "work") };
  }

  /** Makes a container, which belongs to this process until it is started or {@link release}d. @throws CONTAINER_NAME_TAKEN */
  create(container: NewContainer): ContainerRecord {
    const { id, name, image, snapshot, below, autoRemove, spec } = container;
    const { pid, started, boot, namespace } = ownIdentity();
    return guarded(this.#folder, () => this.#database.transaction(() => {
      const other = this.#database.get<{ id: string }>("SELECT id FROM container WHERE name = ?", name);
      if (other) throw fault("CONTAINER_NAME_TAKEN", { name, id: other.id });
      this.#database.run(
        `INSERT INTO container (id, name, image, snapshot, state, auto_remove, spec, created_at, pid, started, boot, namespace)
         VALUES (?, ?, ?, ?, 'created', ?, ?, ?, ?, ?, ?, ?)`,
        id, name, image, snapshot === undefined ? null : toNumber(snapshot), autoRemove ? 1 : 0, JSON.stringify(spec), Date.now(),
        pid, started, boot, namespace,
      );
      mkdirSync(this.folder(id), { mode: 0o700, recursive: true });
      const { upper, work } = this.layer(id);
      mkdirSync(upper, { mode: 0o755 });
      mkdirSync(work, { mode: 0o700 });
      copyRootAttributes(below, upper);
      return this.get(id)!;
    }));
  }

  /** The container of that whole id; undefined where there is none. */
  get(id: string): ContainerRecord | undefined {
    const row = this.#database.get<ContainerRow>("SELECT * FROM container WHERE id = ?", id);
    return row && containerRecord(row);
  }

  /** The container that a person means: an id, a name, the beginning of an id. @throws CONTAINER_NOT_FOUND, CONTAINER_AMBIGUOUS */
  find(text: string): ContainerRecord {
    return containerRecord(findContainerRow(this.#database, text));
  }

  /** All containers, the newest first. */
  list(): ContainerRecord[] {
    return this.#database.all<ContainerRow>("SELECT * FROM container ORDER BY created_at DESC, id").map(containerRecord);
  }

  /** Containers that were made of an image, those that run first. */
  using(image: Digest): { readonly id: string; readonly name: string; readonly state: ContainerState }[] {
    return this.#database.all("SELECT id, name, state FROM container WHERE image = ? ORDER BY state NOT IN ('running', 'paused', 'restarting'), created_at", image);
  }

  /**
   * This process becomes the container's supervisor, unless another process supervises it or is making it.
   * @returns whether it did.
   */
  claim(id: string, from?: number): boolean {
    const { pid, started, boot, namespace } = ownIdentity();
    return this.#database.run(
      "UPDATE container SET pid = ?, started = ?, boot = ?, namespace = ? WHERE id = ? AND (pid IS NULL OR pid = ? OR pid = ?)",
      pid, started, boot, namespace, id, pid, from ?? pid,
    ).changes > 0;
  }

  /** Whether the process that makes or supervises the container lives; `byAnother`: and is not this one. */
  isSupervised(id: string, { byAnother = false } = {}): boolean {
    const row = this.#database.get<ProcessIdentity>("SELECT pid, started, boot, namespace FROM container WHERE id = ? AND pid IS NOT NULL", id);
    return row !== undefined && isAlive(row) && !(byAnother && row.pid === process.pid && row.namespace === ownIdentity().namespace);
  }

  /** Notes what became of containers whose supervisors were killed, as opening the store does. */
  recover(): void {
    for (const path of guarded(this.#folder, this.#recover)) void this.#remove(path).catch(() => undefined);
  }

  /** This process has nothing to do with the container any more. */
  release(id: string): void {
    this.#database.run("UPDATE container SET pid = NULL WHERE id = ? AND pid = ?", id, process.pid);
  }

  /** Notes that the container's command runs, under this process. */
  started(id: string, running: RunningContainer): void {
    this.#database.run(
      "UPDATE container SET restarts = CASE WHEN state = 'restarting' THEN restarts ELSE 0 END, state = 'running', started_at = ?, finished_at = NULL, exit_code = 0, error = '', running = ? WHERE id = ?",
      Date.now(), JSON.stringify(running), id,
    );
  }

  /** Notes how the command ended, and that it is going to be started again by this process, for that many times by then. */
  restarting(id: string, end: { readonly exitCode: number; readonly error?: string }, restarts: number): void {
    this.#database.run(
      "UPDATE container SET state = 'restarting', exit_code = ?, error = ?, finished_at = ?, running = NULL, restarts = ? WHERE id = ?",
      end.exitCode, end.error ?? "", Date.now(), restarts, id,
    );
  }

  /** Notes how the command ended, `created` where it did not even start. One that is to go stays this process's until it is removed. */
  ended(id: string, end: { readonly state: "exited" | "created"; readonly exitCode: number; readonly error?: string }): void {
    this.#database.run(
      "UPDATE container SET state = ?, exit_code = ?, error = ?, finished_at = ?, running = NULL, pid = CASE WHEN auto_remove = 1 THEN pid END WHERE id = ?",
      end.state, end.exitCode, end.error ?? "", end.state === "exited" ? Date.now() : null, id,
    );
  }

  /** Notes that a container which runs stands still, or goes on, and the cgroups that it is in now. @returns whether it still does */
  paused(id: string, paused: boolean, running: RunningContainer): boolean {
    const [from, to] = paused ? ["running", "paused"] : ["paused", "running"];
    return this.#database.run("UPDATE container SET state = ?, running = ? WHERE id = ? AND state = ?", to, JSON.stringify(running), id, from).changes > 0;
  }

  /** @throws CONTAINER_NAME_TAKEN */
  rename(id: string, name: string): void {
    this.#database.transaction(() => {
      const other = this.#database.get<{ id: string }>("SELECT id FROM container WHERE name = ?", name);
      if (other) throw fault("CONTAINER_NAME_TAKEN", { name, id: other.id });
      this.#database.run("UPDATE container SET name = ? WHERE id = ?", name, id);
    });
  }

  /** The snapshot below the layer is another one from now on, with the same files: the first one was lost. */
  rebase(id: string, snapshot: string): void {
    this.#database.run("UPDATE container SET snapshot = ? WHERE id = ?", toNumber(snapshot), id);
  }

  /**
   * Removes a container that does not run, and that no other process is making or starting; its files are gone when the
   * promise resolves. @returns whether it did
   */
  async remove(id: string): Promise<boolean> {
    const trash: string[] = [];
    const removed = guarded(this.#folder, () => this.#database.transaction(() => {
      if (this.isSupervised(id, { byAnother: true })) return false;
      const { changes } = this.#database.run("DELETE FROM container WHERE id = ? AND state NOT IN ('running', 'paused', 'restarting')", id);
      if (changes > 0) moveAway(this.folder(id), this.#lease.temporaryPath("container"), trash);
      return changes > 0;
    }));
    await Promise.all(trash.map(this.#remove));
    return removed;
  }
}

export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly image: Digest;
  readonly snapshot: number | null;
  readonly state: ContainerState;
  readonly auto_remove: number;
  readonly spec: string;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly exit_code: number;
  readonly error: string;
  readonly restarts: number;
  readonly running: string | null;
  readonly pid: number | null;
  readonly started: string | null;
  readonly boot: string | null;
  readonly namespace: string | null;
}

export function containerRecord(row: ContainerRow): ContainerRecord {
  return {
    id: row.id,
    name: row.name,
    image: row.image,
    state: row.state,
    autoRemove: row.auto_remove === 1,
    spec: JSON.parse(row.spec) as ContainerSpec,
    createdAt: row.created_at,
    exitCode: row.exit_code,
    error: row.error,
    restarts: row.restarts,
    ...(row.snapshot === null ? {} : { snapshot: row.snapshot.toString(36) }),
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    ...(row.pid === null ? {} : { supervisor: row.pid }),
    ...(row.running === null ? {} : { running: JSON.parse(row.running) as RunningContainer }),
  };
}
