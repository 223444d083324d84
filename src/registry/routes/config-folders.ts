import { homedir } from "node:os";
import { join } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the files of this machine and of this user are that say how registries are reached. */
export interface ConfigFolders {
  /** `/etc`, or what SAMPAN_ETC names. */
  readonly etc: string;
  /** `$XDG_CONFIG_HOME` or `~/.config`. */
  readonly user: string;
  /** `$XDG_CACHE_HOME`, else `/var/cache` for root and `~/.cache` for others. */
  readonly cache: string;
}

/** The one place that decides where route files are looked for. */
export function configFolders(environment: Environment): ConfigFolders {
  return {
    etc: environment["SAMPAN_ETC"] || "/etc",
    user: environment["XDG_CONFIG_HOME"] || join(environment["HOME"] || homedir(), ".config"),
    cache: environment["XDG_CACHE_HOME"] || (process.geteuid!() === 0 && (environment["SAMPAN_USERNS_ENTERED"] ?? "root") === "root" ? "/var/cache" : join(environment["HOME"] || homedir(), ".cache")),
  };
}
