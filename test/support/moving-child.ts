import { copyRegistry } from "../../src/server/storage/upkeep/copy-registry.ts";
import { migrateRegistry } from "../../src/server/storage/upkeep/migrate-registry.ts";
import type { RegistryPlace } from "../../src/server/storage/upkeep/open-migration-target.ts";

/** What {@link moveInChild} has a process do that may be killed: to migrate a registry, or to copy its folder. */
export type Move = { readonly from: RegistryPlace; readonly to: RegistryPlace } | { readonly from: string; readonly to: string; readonly replace: boolean };

const options = { copy: true, report: (problem: Error) => console.error(problem) };
const move = JSON.parse(process.argv[2]!) as Move;
process.stdout.write("begun\n");
if ("replace" in move) await copyRegistry(move.from, move.to, { ...options, replace: move.replace });
else await migrateRegistry(move.from, move.to, { ...options, blobsOnly: false, online: false, onBlob: () => undefined });
