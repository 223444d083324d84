import { spawn } from "node:child_process";
import { fault } from "../../std/fault.ts";
import { printable } from "../../std/printable.ts";
import type { Credential, Environment } from "./credentials.ts";

/** A helper as a config names it. */
export interface HelperUse {
  /** The program is `docker-credential-<name>`. */
  readonly name: string;
  /** The file that names it, and under which key. */
  readonly file: string;
  readonly key: "credsStore" | "credHelpers" | "credential-helpers";
}

export interface HelperOptions {
  readonly environment?: Environment;
  /** Milliseconds; 60,000 unless told: a helper may have to ask a person. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

const LONGEST_ANSWER = 64 * 1024;
const NOT_FOUND = /credentials not found in native keychain|no credentials (?:server URL|username)/i;

/**
 * Asks a helper for the login of a server; undefined when it has none.
 * @throws CREDENTIAL_HELPER when it is missing, fails, or does not answer in time or in form
 */
export async function helperGet(use: HelperUse, server: string, options: HelperOptions = {}): Promise<Credential | undefined> {
  const answer = await run(use, "get", server, server, options);
  if (answer === undefined) return undefined;
  const { Username: username, Secret: secret } = parseAnswer(answer, use, server);
  if (typeof username !== "string" || typeof secret !== "string") throw failure(use, server, "its answer has no Username and Secret");
  if (secret === "") return undefined;
  const source = describeHelper(use);
  return username === "<token>" ? { identityToken: secret, source } : { username, password: secret, source };
}

/** Gives a login to a helper to keep. @throws CREDENTIAL_HELPER */
export async function helperStore(use: HelperUse, server: string, login: { readonly username: string; readonly secret: string }, options: HelperOptions = {}): Promise<void> {
  await run(use, "store", server, JSON.stringify({ ServerURL: server, Username: login.username, Secret: login.secret }), options, login.secret);
}

/** Lets a helper forget a login; one that it does not have is no failure. @throws CREDENTIAL_HELPER */
export async function helperErase(use: HelperUse, server: string, options: HelperOptions = {}): Promise<void> {
  await run(use, "erase", server, server, options);
}

/** The servers that a helper keeps logins for, with their user names. @throws CREDENTIAL_HELPER */
export async function helperList(use: HelperUse, options: HelperOptions = {}): Promise<Readonly<Record<string, string>>> {
  const answer = await run(use, "list", "all registries", "unused", options);
  if (answer === undefined || answer.trim() === "") return {};
  return Object.fromEntries(Object.entries(parseAnswer(answer, use, "all registries")).filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}

/** How messages name a helper: `docker-credential-pass (credsStore in /home/me/.docker/config.json)`. */
export function describeHelper({ name, key, file }: HelperUse): string {
  return `docker-credential-${name} (${key} in ${file})`;
}

/** Runs a helper to its end: what it wrote, or undefined when it says that it has no such login. */
async function run(use: HelperUse, action: string, server: string, input: string, options: HelperOptions, secret?: string): Promise<string | undefined> {
  const { environment = process.env, timeout = 60_000, signal } = options;
  const program = `docker-credential-${use.name}`;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [action], { stdio: "pipe", env: { ...environment }, ...(signal ? { signal } : {}) });
    const answer: Buffer[] = [];
    let size = 0;
    const stop = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
      child.kill("SIGKILL");
      // A grandchild that keeps them open must not keep us.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => stop(failure(use, server, `it did not answer \`${action}\` within ${timeout / 1000} s`)), timeout);
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) return stop(signal.reason as Error);
      stop(failure(use, server, error.code === "ENOENT" ? "the program is not installed or not in PATH" : `it cannot be started (${error.code ?? error.name})`, error.code === "ENOENT"));
    });
    child.stdout.on("data", (chunk: Buffer) => {
      answer.push(chunk);
      size += chunk.length;
      if (size > LONGEST_ANSWER) stop(failure(use, server, `its answer is longer than ${LONGEST_ANSWER} bytes`));
    });
    child.stderr.resume();
    // It may end without reading.
    child.stdin.on("error", () => undefined).end(input);
    child.on("close", (status, killed) => {
      clearTimeout(timer);
      const text = Buffer.concat(answer).toString("utf8");
      if (status === 0) return resolve(text);
      if (NOT_FOUND.test(text)) return resolve(undefined);
      reject(failure(use, server, `\`${action}\` ended with ${killed ?? `status ${status}`}${said(text, secret)}`));
    });
  });
}

/** A helper's own words: its errors are on standard output. What may be a secret stays unsaid. */
function said(text: string, secret: string | undefined): string {
  const line = printable(text);
  if (line === "" || line.includes("{") || (secret && line.includes(secret))) return "";
  return `: ${line}`;
}

function parseAnswer(text: string, use: HelperUse, server: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, without the text: it may hold a password.
  }
  throw failure(use, server, "its answer is not a JSON object");
}

function failure(use: HelperUse, server: string, problem: string, missing = false): Error {
  return fault("CREDENTIAL_HELPER", { helper: use.name, host: server, file: use.file, key: use.key, problem, missing });
}
