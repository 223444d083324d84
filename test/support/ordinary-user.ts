import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Finished } from "./run-sampan.ts";

const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;
/** A user with ids of its own to give away, where the machine has one; else the one that every machine has. */
const USER = userExists("tester") ? "tester" : "nobody";
const become = ["--reuid", USER, "--regid", execFileSync("id", ["-g", USER], { encoding: "utf8" }).trim(), "--init-groups"];

/** Why nothing can be tried as an ordinary user, or false. */
export const noOrdinaryUser: string | false = findObstacle();

function findObstacle(): string | false {
  if (process.getuid!() !== 0) return "needs root, to become an ordinary user";
  try {
    execFileSync("setpriv", [...become, "test", "-r", launcher], { stdio: "ignore" });
    return false;
  } catch {
    return `needs setpriv, and a checkout that the user ${USER} can read`;
  }
}

function userExists(name: string): boolean {
  return new RegExp(`^${name}:`, "m").test(readFileSync("/etc/passwd", "utf8"));
}

export interface OrdinaryUser {
  /** A folder that belongs to the user, with the store; it goes with the test. */
  readonly home: string;
  readonly sampan: (words: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Finished>;
}

/** The real binary run by an ordinary user. */
export function asOrdinaryUser(context: TestContext): OrdinaryUser {
  const folder = mkdtempSync(join(tmpdir(), "sampan-user-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const home = join(folder, "home");
  mkdirSync(home);
  execFileSync("chown", [USER, home]);
  const own = { HOME: home, SAMPAN_ROOT: join(home, "store"), DOCKER_CONFIG: join(home, "docker"), NO_COLOR: "1", SAMPAN_DEBUG: "", NODE_COMPILE_CACHE: join(home, "cache") };
  return {
    home,
    sampan: (words, env = {}) => new Promise((resolve, reject) => {
      const child = spawn("setpriv", [...become, process.execPath, "--", launcher, ...words], {
        cwd: home, env: { ...process.env, ...own, ...env }, stdio: ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (data) => (stdout += String(data)));
      child.stderr.on("data", (data) => (stderr += String(data)));
      child.on("error", reject).on("close", (status) => resolve({ status, stdout, stderr }));
    }),
  };
}
