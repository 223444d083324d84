import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../test/support/find-program.ts";
import { freePort } from "../../test/support/free-port.ts";
import { startDaemon, type Daemon } from "../setup/daemon.ts";

export interface Server {
  readonly name: string;
  readonly host: string;
  readonly daemon: Daemon;
}

const launcher = join(import.meta.dirname, "../../bin/sampan.cjs");

/** Ours, also of another checkout by the path of its launcher, and every other registry server that is installed, each on a folder of its own. */
export async function startServers(folder: string, wanted: readonly string[]): Promise<Server[]> {
  const servers: Server[] = [];
  for (const name of wanted) {
    const root = join(folder, name.replaceAll("/", "_"));
    mkdirSync(root, { recursive: true });
    const host = `127.0.0.1:${await freePort()}`;
    const command = commandOf(name, root, host);
    if (command === undefined) continue;
    const answers = (): Promise<boolean> => fetch(`http://${host}/v2/`).then(({ ok }) => ok, () => false);
    servers.push({ name, host, daemon: await startDaemon(command[0]!, command.slice(1), { log: `${root}.log`, answers }) });
  }
  return servers;
}

function commandOf(name: string, root: string, host: string): readonly string[] | undefined {
  if (name === "sampan" || name.endsWith("/bin/sampan.cjs")) return [process.execPath, name === "sampan" ? launcher : name, "registry", "serve", "--listen", host, "--root", root];
  const program = findProgram(name);
  if (program === undefined) return undefined;
  const config = join(root, "config.json");
  if (name === "zot") {
    writeFileSync(config, JSON.stringify({ storage: { rootDirectory: join(root, "data") }, http: { address: "127.0.0.1", port: host.split(":")[1] }, log: { level: "error" } }));
    return [program, "serve", config];
  }
  writeFileSync(config, JSON.stringify({
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(root, "data") }, delete: { enabled: true } },
    // More than 1,000 names in one answer are an error otherwise.
    catalog: { maxentries: 100_000 },
    http: { addr: host, secret: "loopback-only" },
  }));
  return [program, "serve", config];
}
