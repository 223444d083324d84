import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../test/support/find-program.ts";
import { freePort } from "../../test/support/free-port.ts";
import { startDaemon, type Daemon } from "./daemon.ts";

/** Debian's docker-registry on a free loopback port: the place that every tool pushes to and pulls from. */
export async function startRegistry(folder: string): Promise<{ host: string; daemon: Daemon }> {
  const program = findProgram("docker-registry");
  if (program === undefined) throw new Error("the bench needs a registry that is not ours: install Debian's docker-registry");
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "config.yml");
  writeFileSync(config, JSON.stringify({
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: { addr: host, secret: "loopback-only" },
  }));
  const answers = (): Promise<boolean> => fetch(`http://${host}/v2/`).then(({ ok }) => ok, () => false);
  return { host, daemon: await startDaemon(program, ["serve", config], { log: join(folder, "log"), answers }) };
}
