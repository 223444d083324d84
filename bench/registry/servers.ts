import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { findProgram } from "../../test/support/find-program.ts";
import { freePort } from "../../test/support/free-port.ts";
import { startDaemon, type Daemon } from "../setup/daemon.ts";

/** Who may do everything where servers are guarded; its password is hashed as `htpasswd -B` does it by itself. */
export const LOGIN = { user: "bench", password: "a password of the bench", cost: 5 };

export interface Server {
  readonly name: string;
  readonly host: string;
  readonly daemon: Daemon;
}

const launcher = join(import.meta.dirname, "../../bin/sampan.cjs");

const isOurs = (name: string): boolean => name === "sampan" || name.endsWith("/bin/sampan.cjs");

/** Whether there is a server of that name: ours, also of another checkout by the path of its launcher, or one that is installed. */
export function isThere(name: string): boolean {
  return isOurs(name) ? name === "sampan" || existsSync(name) : name !== "" && findProgram(name) !== undefined;
}

/** Starts servers that are there, each on a folder of its own. */
export async function startServers(folder: string, wanted: readonly string[], { guarded }: { guarded: boolean }): Promise<Server[]> {
  const htpasswd = guarded ? join(folder, "htpasswd") : undefined;
  if (htpasswd !== undefined) writeFileSync(htpasswd, `${LOGIN.user}:${hashSync(LOGIN.password, LOGIN.cost)}\n`);
  const servers: Server[] = [];
  for (const name of wanted) {
    const root = join(folder, name.replaceAll("/", "_"));
    mkdirSync(root, { recursive: true });
    const host = `127.0.0.1:${await freePort()}`;
    const command = commandOf(name, { root, host, htpasswd });
    const answers = (): Promise<boolean> => fetch(`http://${host}/v2/`).then(({ ok, status }) => ok || (guarded && status === 401), () => false);
    servers.push({ name, host, daemon: await startDaemon(command[0]!, command.slice(1), { log: `${root}.log`, answers }) });
  }
  return servers;
}

function commandOf(name: string, { root, host, htpasswd }: { root: string; host: string; htpasswd: string | undefined }): readonly string[] {
  if (isOurs(name)) {
    const own = join(root, "registry.yaml");
    if (htpasswd !== undefined) writeFileSync(own, JSON.stringify({ access: { htpasswd, grants: [{ who: LOGIN.user, role: "admin", repositories: "**" }] } }));
    return [process.execPath, name === "sampan" ? launcher : name, "registry", "serve", "--listen", host, "--root", root, ...(htpasswd === undefined ? [] : ["--config", own])];
  }
  const program = findProgram(name)!;
  const config = join(root, "config.json");
  if (name === "zot") {
    writeFileSync(config, JSON.stringify({ storage: { rootDirectory: join(root, "data") }, http: { address: "127.0.0.1", port: host.split(":")[1], ...(htpasswd === undefined ? {} : { auth: { htpasswd: { path: htpasswd } } }) }, log: { level: "error" } }));
    return [program, "serve", config];
  }
  writeFileSync(config, JSON.stringify({
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(root, "data") }, delete: { enabled: true } },
    // More than 1,000 names in one answer are an error otherwise.
    catalog: { maxentries: 100_000 },
    http: { addr: host, secret: "loopback-only" },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: "bench", path: htpasswd } } }),
  }));
  return [program, "serve", config];
}
