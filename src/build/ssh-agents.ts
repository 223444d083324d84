import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { findProgram } from "../linux/find-program.ts";
import { fault } from "../std/fault.ts";

/** An agent to forward: the socket of one that runs, or files of keys for one of the build's own. */
export interface SshForward {
  /** What RUN --mount=type=ssh,id= names; `default` where it names none. */
  readonly id: string;
  /** One socket, or any number of private keys; relative to the build's `cwd`. */
  readonly paths: readonly string[];
}

export interface SocketRights { readonly mode: number; readonly uid: number; readonly gid: number }

/** A socket that a RUN may be shown. */
export interface ForwardedAgent extends AsyncDisposable {
  readonly folder: string;
  readonly name: string;
}

/** The longest name that a socket may have (unix(7)). */
const LONGEST = 107;
/**
 * The command that an agent serves (ssh-agent(1)): it waits for the end of its input, a pipe of this process, and takes the agent and its
 * folder away. That end comes however this process ends: keys do not outlive a build that is killed.
 */
const GUARD = 'trap "" INT HUP TERM; read -r _; kill "$SSH_AGENT_PID"; rm -rf -- "${SSH_AUTH_SOCK%/*}"';
/** How long the agent for keys may take to start, in milliseconds. */
const START = 10_000;

/** The agents that a build was given. Sockets are passed on, each RUN at one of its own; keys go into an agent that ends with the build. */
export class SshAgents implements AsyncDisposable {
  readonly #forwards: ReadonlyMap<string, SshForward>;
  readonly #cwd: string;
  readonly #temporary: () => string;
  readonly #sockets = new Map<string, Promise<string>>();
  readonly #own: { readonly agent: ChildProcess; readonly folder: string }[] = [];

  /** @param options.temporary a folder of this process */
  constructor(forwards: readonly SshForward[], options: { readonly cwd: string; readonly temporary: () => string }) {
    this.#forwards = new Map(forwards.map((forward) => [forward.id, forward]));
    this.#cwd = options.cwd;
    this.#temporary = options.temporary;
  }

  /** A socket of its own that leads to the agent; undefined where the build was not given it. @throws SSH_INVALID */
  async forward(id: string, rights: SocketRights): Promise<ForwardedAgent | undefined> {
    const socket = await this.socket(id === "" ? "default" : id);
    return socket === undefined ? undefined : passOn(socket, shortFolder(this.#temporary()), rights);
  }

  /** The socket of the agent itself; undefined where the build was not given it. @throws SSH_INVALID */
  async socket(id: string): Promise<string | undefined> {
    const found = this.#forwards.get(id);
    if (found === undefined) return undefined;
    let socket = this.#sockets.get(id);
    if (socket === undefined) this.#sockets.set(id, (socket = this.#open(found)));
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { agent, folder } of this.#own) {
      agent.stdin!.destroy();
      if (agent.pid !== undefined && agent.exitCode === null && agent.signalCode === null) await once(agent, "exit");
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async #open({ id, paths }: SshForward): Promise<string> {
    const found = paths.map((path) => resolve(this.#cwd, path));
    for (const path of found) {
      if (!existsSync(path)) throw fault("SSH_INVALID", { id, problem: `there is no ${path}`, hint: "name a socket of an agent, or a file with a key: --ssh default=$HOME/.ssh/id_ed25519" });
    }
    const sockets = found.filter((path) => statSync(path).isSocket());
    if (sockets.length === 0) return this.#load(id, found);
    if (found.length > 1) throw fault("SSH_INVALID", { id, problem: "a socket cannot stand beside other paths", hint: "name one socket, or any number of files of keys" });
    return sockets[0]!;
  }

  /** Starts an agent of OpenSSH for this build and gives it the keys. */
  async #load(id: string, keys: readonly string[]): Promise<string> {
    const [agentProgram, addProgram] = [findProgram("ssh-agent"), findProgram("ssh-add")];
    if (agentProgram === undefined || addProgram === undefined) {
      throw fault("SSH_INVALID", {
        id, problem: "files of keys are loaded by ssh-agent and ssh-add, which are not in PATH",
        hint: "install the package openssh-client, or name the socket of an agent that runs",
      });
    }
    const folder = mkdtempSync(join(tmpdir(), "sampan-ssh-"));
    const socket = join(folder, "agent");
    const agent = spawn(agentProgram, ["-a", socket, "/bin/sh", "-c", GUARD], { stdio: ["pipe", "ignore", "ignore"], env: { PATH: process.env["PATH"] } });
    agent.on("error", () => undefined);
    agent.stdin.on("error", () => undefined);
    this.#own.push({ agent, folder });
    for (let waited = 0; !existsSync(socket); waited += 20) {
      if (agent.exitCode !== null || waited > START) throw fault("SSH_INVALID", { id, problem: "ssh-agent does not start" });
      await sleep(20);
    }
    try {
      // Nobody is there who could be asked for a passphrase.
      await promisify(execFile)(addProgram, ["-q", ...keys], { env: { PATH: process.env["PATH"], SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: "force", SSH_ASKPASS: "/bin/false" } });
    } catch {
      throw fault("SSH_INVALID", { id, problem: `ssh-add cannot load ${keys.join(", ")}`, hint: "keys with a passphrase have to be in an agent already: ssh-add, then --ssh default" });
    }
    return socket;
  }
}

function shortFolder(temporary: string): string {
  const parent = Buffer.byteLength(temporary) < LONGEST - 24 ? temporary : tmpdir();
  return mkdtempSync(join(parent, "ssh-"));
}

/** Listens at a socket with these rights and hands every connection on to another one. */
async function passOn(target: string, folder: string, { mode, uid, gid }: SocketRights): Promise<ForwardedAgent> {
  const server = createServer((client) => {
    const agent = connect(target);
    const end = (): void => void (client.destroy(), agent.destroy());
    client.on("error", end).on("close", end);
    agent.on("error", end).on("close", end);
    client.pipe(agent).pipe(client);
  });
  const name = "agent";
  const path = join(folder, name);
  const { promise, resolve: listening, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(path, listening);
  await promise;
  chmodSync(path, mode & 0o7777);
  if (uid !== process.getuid!() || gid !== process.getgid!()) chownSync(path, uid, gid);
  return {
    folder, name,
    [Symbol.asyncDispose]: async () => {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
