import { setTimes } from "../linux/times.ts";
import type { Destination } from "./destination.ts";
import type { FileOperationResult, MakeDirectory } from "./file-operation.ts";
import { resolveOwner } from "./resolve-owner.ts";

/**
 * WORKDIR: makes a directory and its missing parents, all of them the USER's; an existing one stays as it is.
 * @throws NOT_A_DIRECTORY, CHOWN_UNRESOLVED
 */
export function makeDirectory(operation: MakeDirectory, destination: Destination): FileOperationResult {
  const owner = operation.owner ? resolveOwner(operation.owner, destination.lowers) : undefined;
  const found = destination.resolve(operation.path);
  if (found.kind === "directory") return { entries: 0, bytes: 0 };
  const made = destination.directory(found.path, { mode: operation.mode, owner });
  if (operation.time !== undefined) setTimes(made.hostPath, BigInt(operation.time) * 1_000_000_000n, BigInt(operation.time) * 1_000_000_000n);
  return { entries: 1, bytes: 0 };
}
