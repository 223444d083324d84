import { spawn } from "node:child_process";
import { hideLogin } from "../context/git-url.ts";
import { findProgram } from "../linux/find-program.ts";
import { fault } from "../std/fault.ts";

export interface GitOptions {
  /** Where it runs: a folder of ours. */
  readonly cwd: string;
  /** Settings, in the environment, where no list of processes shows them. */
  readonly config?: readonly (readonly [string, string])[];
  readonly ssh?: SshAccess | undefined;
  readonly signal?: AbortSignal;
}

/** How git may use SSH: with what an agent has and nothing else, or as the user does. */
export interface SshAccess {
  readonly socket?: string;
}

export interface GitResult {
  readonly status: number;
  readonly stdout: string;
  /** The end of what it said, without logins. */
  readonly stderr: string;
}

/** What nobody's files may change: no hooks, no helpers, no prompts, four protocols, no conversion of files. */
const CONFIG: readonly (readonly [string, string])[] = [
  ["core.hooksPath", "/dev/null"], ["core.fsmonitor", "false"], ["core.askPass", ""], ["credential.helper", ""], ["core.autocrlf", "false"],
  ["core.symlinks", "true"], ["core.logAllRefUpdates", "false"], ["gc.auto", "0"], ["maintenance.auto", "false"],
  ["init.defaultBranch", "main"], ["advice.detachedHead", "false"], ["submodule.recurse", "false"], ["fetch.recurseSubmodules", "false"],
];
const PROTOCOLS = "http:https:ssh:git";
const PROXIES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
const OUTPUT_LIMIT = 64 * 1024 * 1024;
const TAIL = 4096;

/**
 * Runs the machine's git with nobody's configuration. Arguments that come from elsewhere have to stand behind `--` or be
 * checked before.
 * @throws GIT_MISSING
 */
export async function runGit(words: readonly string[], options: GitOptions): Promise<GitResult> {
  const program = findProgram("git");
  if (program === undefined) throw fault("GIT_MISSING", {});
  const { cwd, signal } = options;
  const child = spawn(program, words, { cwd, env: environment(options), stdio: ["ignore", "pipe", "pipe"], detached: true });
  // git has children of its own, which do not end with it.
  const stop = (): void => { try { process.kill(-child.pid!, "SIGKILL"); } catch { child.kill("SIGKILL"); } };
  signal?.addEventListener("abort", stop, { once: true });
  const output: Buffer[] = [];
  let [size, tail] = [0, ""];
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > OUTPUT_LIMIT) stop();
    else output.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => { tail = (tail + chunk.toString()).slice(-TAIL); });
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 128));
    });
    signal?.throwIfAborted();
    return { status, stdout: Buffer.concat(output).toString(), stderr: hideLogin(tail.replace(/[^\n]*\r(?!\n)/g, "")).trim() };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function environment({ cwd, config = [], ssh }: GitOptions): NodeJS.ProcessEnv {
  const settings = [...CONFIG, ...config];
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", HOME: "/nonexistent", LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_ATTR_NOSYSTEM: "1", GIT_TEMPLATE_DIR: "",
    GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "", SSH_ASKPASS: "", GIT_ALLOW_PROTOCOL: PROTOCOLS, GIT_PROTOCOL_FROM_USER: "0",
    GIT_NO_REPLACE_OBJECTS: "1", GIT_LFS_SKIP_SMUDGE: "1", GIT_OPTIONAL_LOCKS: "0", GIT_CEILING_DIRECTORIES: cwd,
    GIT_SSH_COMMAND: ssh === undefined ? "false" : `ssh -o BatchMode=yes${ssh.socket === undefined ? "" : " -F none -o IdentityFile=none"}`, GIT_SSH_VARIANT: "ssh",
    GIT_CONFIG_COUNT: String(settings.length),
  };
  settings.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  for (const name of PROXIES) if (process.env[name] !== undefined) env[name] = process.env[name];
  if (process.env["SSL_CERT_FILE"]) env["GIT_SSL_CAINFO"] = process.env["SSL_CERT_FILE"];
  const socket = ssh?.socket ?? (ssh ? process.env["SSH_AUTH_SOCK"] : undefined);
  if (socket) env["SSH_AUTH_SOCK"] = socket;
  return env;
}
