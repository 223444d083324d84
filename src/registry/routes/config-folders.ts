import { homedir } from "node:os";
import { join } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the files of this machine and of this user are that say how registries are reached. */
export interface ConfigFolders {
  /** `/etc`, or what SAMPAN_ETC names. */
  readonly etc: string;
  /** `$XDG_CONFIG_HOME` or `~/.config`. */
  readonly user: string;
}

/** The one place that decides where route files are looked for. */
export function configFolders(environment: Environment): ConfigFolders {
  return {
    etc: environment["SAMPAN_ETC"] || "/etc",
    user: environment["XDG_CONFIG_HOME"] || join(environment["HOME"] || homedir(), ".config"),
  };
}
