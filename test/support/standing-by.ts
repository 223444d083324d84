import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { hasLeader, sessionOf } from "../../src/cli/standby/standby-place.ts";
import { haveLibc, libc } from "../../src/linux/libc.ts";
import { isContainedRoot } from "../../src/linux/user-namespace.ts";
import { until } from "./process-tree.ts";
import type { Finished } from "./run-sampan.ts";

/** Milliseconds until a command that does not end is killed. */
const PATIENCE = 60_000;
export const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;

/** Why no process can stand by here, or false. */
export const noStandby: string | false = process.geteuid!() !== 0 || isContainedRoot() ? "needs a machine's root" : !haveLibc() ? "needs koffi" : false;
// Where the leader of the session has ended, or was never in this process namespace, the tests are a session of their own.
if (noStandby === false && !hasLeader()) libc("int setsid(void)")();

export interface StandingBy {
  readonly folder: string;
  /** For commands that shall use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its places are. */
  readonly places: string;
  /** Waits until a process stands by, and gives its number. */
  ready(): Promise<number>;
  /** Runs the launcher as a shell does, or another program. What it says of a new start is in standard error. */
  run(words: readonly string[], options?: SpawnOptions & { readonly program?: string; readonly input?: string; readonly onStart?: (child: ChildProcess) => void }): Promise<Finished>;
  /** Its next command is done by the process that stands by. */
  begin(): Promise<number>;
}

/** A home of its own for processes that stand by; those left go with the test. */
export function standingBy(context: TestContext): StandingBy {
  const folder = mkdtempSync(join(tmpdir(), "sampan-standby-"));
  const places = join(folder, "cache", "sampan", "standby");
  const session = sessionOf("self");
  const find = (): number | undefined => {
    try {
      const pid = Number(readFileSync(join(places, session, "process"), "utf8").split(" ")[0]);
      return existsSync(`/proc/${pid}/fd/0`) ? pid : undefined; // a dead one that nobody waited for has none
    } catch {
      return undefined;
    }
  };
  context.after(async () => {
    await until(() => living(folder).map((pid) => process.kill(pid, "SIGKILL")).length === 0);
    rmSync(folder, { recursive: true, force: true });
  });
  const env = { XDG_CACHE_HOME: join(folder, "cache"), SAMPAN_ROOT: join(folder, "store"), SAMPAN_STANDBY: "2m", SAMPAN_DEBUG: "1", NO_COLOR: "1", PATH: `${join(launcher, "../../node_modules/node/bin")}:${process.env["PATH"]}` };
  const run: StandingBy["run"] = (words, { program, input, onStart, ...options } = {}) => new Promise((resolve, reject) => {
    const child = spawn(program ?? launcher, words, { stdio: "pipe", ...options, env: { ...process.env, ...env, ...options.env } });
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (data) => (stdout += String(data)));
    child.stderr?.on("data", (data) => (stderr += String(data)));
    child.stdin?.on("error", () => undefined).end(input ?? "");
    const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    child.on("error", reject).on("close", (status) => {
      clearTimeout(patience);
      resolve({ status, stdout, stderr });
    });
    onStart?.(child);
  });
  const ready = (): Promise<number> => until(find);
  return { folder, env, places, ready, run, begin: async () => (await run(["version", "--short"]), ready()) };
}

/** The processes that began with a home in a folder; those of the test's own terminals too, which nobody else finds. */
function living(home: string): number[] {
  return readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, "latin1").includes(`XDG_CACHE_HOME=${home}/`);
    } catch {
      return false;
    }
  }).map(Number);
}
