import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";

/** The reason to skip a test that needs this program, or false when it is there. */
export function missing(program: string): string | false {
  return findProgram(program) === undefined ? `needs ${program}` : false;
}

export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
}

export interface DockerRegistryOptions {
  /** `registry` is a newer one than Debian's. */
  readonly program?: "docker-registry" | "registry";
  readonly login?: { readonly username: string; readonly password: string };
  /** PEM; with `clients`, the authority of certificates that every client has to show. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clients?: string };
  readonly proxyOf?: string;
  readonly noDelete?: boolean;
  /** Where it keeps everything, to be looked at later. */
  readonly root?: string;
}

/** Starts Debian's `docker-registry` on a free loopback port and a temporary folder. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "docker-registry-"));
  const host = `127.0.0.1:${await freePort()}`;
  const config: Record<string, unknown> = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: options.root ?? join(folder, "data") }, delete: { enabled: options.noDelete !== true } },
    http: { addr: host, ...(options.tls ? { tls: writeTls(folder, options.tls) } : {}) },
  };
  if (options.proxyOf) config["proxy"] = { remoteurl: options.proxyOf };
  if (options.login) {
    const { username, password } = options.login;
    const { stdout, status } = spawnSync("htpasswd", ["-Bbn", username, password], { encoding: "utf8" });
    if (status !== 0) throw new Error("htpasswd failed");
    writeFileSync(join(folder, "htpasswd"), stdout);
    config["auth"] = { htpasswd: { realm: "tests", path: join(folder, "htpasswd") } };
  }
  writeFileSync(join(folder, "config.yml"), JSON.stringify(config));
  const child = spawn(findProgram(options.program ?? "docker-registry")!, ["serve", join(folder, "config.yml")], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; ; attempt += 1) {
    if (await (options.tls ? accepts(host) : answers(host))) break;
    if (child.exitCode !== null || attempt > 200) {
      await stop();
      throw new Error("docker-registry did not start");
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { host, [Symbol.asyncDispose]: stop };
}

async function answers(host: string): Promise<boolean> {
  return fetch(`http://${host}/v2/`).then((answer) => answer.arrayBuffer()).then(() => true, () => false);
}

function accepts(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(host.split(":")[1]), "127.0.0.1", () => resolve(socket.end() !== undefined));
    socket.once("error", () => resolve(false));
  });
}

function writeTls(folder: string, { cert, key, clients }: NonNullable<DockerRegistryOptions["tls"]>): object {
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  return { certificate: write("server.crt", cert), key: write("server.key", key), ...(clients ? { clientcas: [write("clients.crt", clients)] } : {}) };
}

