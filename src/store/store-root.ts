import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Folder of the store: $SAMPAN_ROOT, else /var/lib/sampan for root and $XDG_DATA_HOME/sampan for others. */
export function storeRoot(env: NodeJS.ProcessEnv): string {
  if (env["SAMPAN_ROOT"]) return resolve(env["SAMPAN_ROOT"]);
  if (process.getuid?.() === 0 && (env["SAMPAN_USERNS_ENTERED"] ?? "root") === "root") return "/var/lib/sampan";
  return join(env["XDG_DATA_HOME"] || join(homedir(), ".local/share"), "sampan");
}
