import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { DemoFailure } from "./demo-failure.ts";
import { makePythonBase } from "./make-python-base.ts";

/**
 * The whole road in one command: builds examples/flask, pushes it to a registry on loopback, deletes it,
 * pulls it back into an empty store, runs it and asks it over HTTP. Its images live in a store of their own.
 */
const root = join(import.meta.dirname, "..");
const sampan = join(root, "bin/sampan.cjs");
const storeRoot = process.env["SAMPAN_ROOT"] ?? join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "sampan-demo");
const environment: NodeJS.ProcessEnv = { ...process.env, SAMPAN_ROOT: storeRoot };
const elsewhere: NodeJS.ProcessEnv = { ...environment, SAMPAN_ROOT: join(storeRoot, `elsewhere-${process.pid}`) };
const BASE = "python:3.9-slim";
const times: { step: string; seconds: number }[] = [];

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function timed<Result>(step: string, work: () => Result | Promise<Result>): Promise<Result> {
  const started = performance.now();
  const result = await work();
  times.push({ step, seconds: (performance.now() - started) / 1000 });
  return result;
}

/** Runs a command as a user would type it; its output goes to the terminal. */
function command(args: readonly string[], advice: string, env = environment): void {
  const shown = args.map((argument) => (/[\s{]/.test(argument) ? `'${argument}'` : argument)).join(" ");
  say(`\n$ ${env === environment ? "" : "SAMPAN_ROOT=elsewhere "}sampan ${shown}`);
  const { status } = spawnSync(process.execPath, [sampan, ...args], { stdio: ["ignore", "inherit", "inherit"], env, cwd: root });
  if (status !== 0) throw new DemoFailure(`\`sampan ${args.slice(0, 2).join(" ")} …\` ended with status ${status}`, advice);
}

function output(args: readonly string[]): { status: number | null; text: string } {
  const { status, stdout } = spawnSync(process.execPath, [sampan, ...args], { stdio: ["ignore", "pipe", "ignore"], env: environment, cwd: root, encoding: "utf8" });
  return { status, text: stdout };
}

/** A port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** `sampan registry serve`, until the demo ends. */
function startRegistry(): Promise<{ child: ChildProcess; address: string }> {
  const folder = join(storeRoot, "demo-registry");
  mkdirSync(folder, { recursive: true });
  const child = spawn(process.execPath, [sampan, "registry", "serve", "--listen", "127.0.0.1:0", "--root", folder], { stdio: ["ignore", "pipe", "inherit"], env: environment });
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const address = /listening on (?:http:\/\/)?(\S+)/.exec(text)?.[1];
      if (address) resolve({ child, address });
    });
    child.once("exit", (code) => reject(new DemoFailure(`the registry ended at once with status ${code}`, "see its message above")));
  });
}

/** The base image: from the store, from docker.io if that answers within seconds, else made from Debian's packages. */
async function ensureBase(): Promise<void> {
  if (output(["inspect", BASE]).status === 0) return say(`${BASE} is in the store already (${storeRoot})`);
  const reachable = process.env["SAMPAN_REGISTRY_MIRRORS"] || (await fetch("https://registry-1.docker.io/v2/", { signal: AbortSignal.timeout(4000) }).then(() => true, () => false));
  if (reachable && spawnSync(process.execPath, [sampan, "pull", BASE], { stdio: "inherit", env: environment }).status === 0) return;
  say(`docker.io does not answer: making ${BASE} from Debian's packages (once, about two minutes); it stays in ${storeRoot}`);
  await makePythonBase({ sampan, environment, tag: BASE, say });
}

/** What pip needs to reach the index that this machine is set up for, as build args. */
function pipArguments(): string[] {
  const settings = new Map<string, string>();
  for (const file of ["/etc/pip.conf", join(homedir(), ".config/pip/pip.conf"), join(homedir(), ".pip/pip.conf"), process.env["PIP_CONFIG_FILE"]]) {
    if (!file || !existsSync(file)) continue;
    for (const [, key, value] of readFileSync(file, "utf8").matchAll(/^\s*(index-url|extra-index-url|trusted-host)\s*=\s*(.+?)\s*$/gm)) {
      settings.set(`PIP_${key!.toUpperCase().replaceAll("-", "_")}`, value!);
    }
  }
  for (const name of ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]) {
    const value = process.env[name] ?? process.env[name.toLowerCase()];
    if (value) settings.set(name, value);
  }
  // Without a value on the command line it comes from the environment, so that no credential is shown.
  for (const [name, value] of settings) environment[name] = value;
  return [...settings.keys()].flatMap((name) => ["--build-arg", name]);
}

/** Seconds: on a busy machine the image takes a while to unpack. */
const PATIENCE = 90;

/** Asks until the application has started. */
async function ask(url: string, running: ChildProcess): Promise<string> {
  for (const end = performance.now() + PATIENCE * 1000; performance.now() < end; ) {
    if (running.exitCode !== null) throw new DemoFailure(`the container ended with status ${running.exitCode}`, "its messages are above");
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).then((response) => response.text(), () => undefined);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new DemoFailure(`${url} did not answer within ${PATIENCE} seconds`, "its messages are above");
}

/** The stores that demos left behind which were killed. */
function sweep(): void {
  if (!existsSync(storeRoot)) return;
  for (const name of readdirSync(storeRoot)) {
    const pid = /^elsewhere-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(storeRoot, name), { recursive: true, force: true });
  }
}

async function demo(): Promise<void> {
  sweep();
  const registry = await startRegistry();
  let container: ChildProcess | undefined;
  try {
    const image = `${registry.address}/demo/flask:1.0.0`;
    await timed("base image", ensureBase);
    await timed("build", () => command(["build", "--progress", "plain", "-t", image, ...pipArguments(), "examples/flask"],
      "the log of the failed step is above; pip needs an index: set PIP_INDEX_URL or a proxy if this machine has no direct way to one"));
    await timed("push", () => command(["push", image], "do what the hint above says, then run the demo again: what is finished stays"));
    command(["history", "--format", "table {{.Size}}\t{{.CreatedBy}}", image], "run the demo again");
    await timed("delete locally", () => command(["rmi", image], "run the demo again"));
    // The build cache still knows the layers, so they are pulled as another machine would: into an empty store.
    await timed("pull", () => command(["pull", image], "run the demo again", elsewhere));
    const port = await freePort();
    await timed("run and ask", async () => {
      say(`\n$ SAMPAN_ROOT=elsewhere sampan run --rm --network host -e PORT=${port} ${image}`);
      container = spawn(process.execPath, [sampan, "run", "--rm", "--network", "host", "-e", `PORT=${port}`, image], { stdio: ["ignore", "inherit", "inherit"], env: elsewhere });
      say(`\n$ curl http://127.0.0.1:${port}/\n${(await ask(`http://127.0.0.1:${port}/`, container)).trim()}`);
    });
  } finally {
    container?.kill("SIGTERM");
    if (container && container.exitCode === null) await new Promise((resolve) => container!.once("exit", resolve));
    registry.child.kill("SIGTERM");
    rmSync(elsewhere["SAMPAN_ROOT"]!, { recursive: true, force: true });
  }
  say("\nStep             Seconds");
  for (const { step, seconds } of times) say(`${step.padEnd(16)} ${seconds.toFixed(2).padStart(7)}`);
}

try {
  await demo();
} catch (error) {
  // Of the system: a folder that cannot be written, a program that is not there.
  const known = error instanceof DemoFailure || (error instanceof Error && "syscall" in error);
  if (!known) throw error;
  const advice = error instanceof DemoFailure ? error.advice : `see to that and run the demo again; its store is in ${storeRoot}, SAMPAN_ROOT names another folder`;
  process.stderr.write(`\nThe demo failed: ${error.message}\nWhat to do: ${advice}\n`);
  process.exitCode = 1;
}
