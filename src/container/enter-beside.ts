import { existsSync } from "node:fs";
import { join } from "node:path";
import { enterNamespacesOf, isContainedRoot } from "../linux/user-namespace.ts";
import { Database } from "../store/database.ts";
import { findContainerRow } from "../store/find-container.ts";
import { refuseLostRecords } from "../store/lost-records.ts";
import { isAlive } from "../store/process-identity.ts";
import { isUp } from "../store/container-record.ts";
import { isFault } from "../std/fault.ts";
import { formatVersion, knownFormat } from "../store/schema.ts";

/**
 * Only in the user namespace of a container's supervisor has an ordinary user, or root of a container, any right over the
 * container. So this starts the program again in there; does nothing for root of a machine, and where the container does not run.
 */
export function enterBeside(storeRoot: string, container: string): void {
  if (process.env["SAMPAN_USERNS_ENTERED"] !== undefined || (process.geteuid!() === 0 && !isContainedRoot())) return;
  const supervisor = findSupervisor(storeRoot, container);
  if (supervisor !== undefined) enterNamespacesOf(supervisor);
}

function findSupervisor(storeRoot: string, container: string): number | undefined {
  const path = join(storeRoot, "sampan.db");
  if (!existsSync(path)) return undefined;
  let database: Database | undefined;
  try {
    // SQLite would remove the log of a database that is lost.
    refuseLostRecords(storeRoot, path);
    database = new Database(path);
    if (formatVersion(database) !== knownFormat) return undefined;
    const row = findContainerRow(database, container);
    const { pid, started, boot, namespace } = row;
    return isUp(row.state) && pid !== null && isAlive({ pid, started: started!, boot: boot!, namespace: namespace! }) ? pid : undefined;
  } catch (error) {
    // Whatever is wrong is told when the store is opened properly.
    if (isFault(error)) return undefined;
    throw error;
  } finally {
    database?.close();
  }
}
