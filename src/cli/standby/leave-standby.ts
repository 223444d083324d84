import { spawn } from "node:child_process";
import { haveLibc } from "../../linux/libc.ts";
import { isContainedRoot } from "../../linux/user-namespace.ts";
import { fault } from "../../std/fault.ts";
import { idleTime } from "./idle-time.ts";
import { isBundle } from "./program-state.ts";
import { hasLeader, sessionOf, standsBy } from "./standby-place.ts";
import { startingEnvironment } from "./surroundings.ts";

/** Why no process can stand by for commands of this user; undefined where one can. */
export function standbyObstacle(): string | undefined {
  // Commands of others execute the program again, in a namespace of their own, in which it is root.
  if (process.geteuid!() !== 0 || isContainedRoot() || process.env["SAMPAN_USERNS_ENTERED"] !== undefined) return "that is for root only, whose commands need no user namespace";
  if (!isBundle) return "the program runs from its sources, which are newer than its bundle; `npm ci` makes a new one";
  return haveLibc() ? undefined : "koffi, which calls the C library, is not installed for this platform";
}

/** When this process ends, it starts one that stands by for the next command of the session, unless there is one. @throws SETTING_INVALID, STANDBY_REFUSED */
export function leaveAtExit(env: NodeJS.ProcessEnv): void {
  idleTime(env);
  if (process.argv[2] === "standby") return; // nothing came, so nothing more is to be expected
  const problem = standbyObstacle();
  if (problem !== undefined) throw fault("STANDBY_REFUSED", { problem });
  process.on("exit", () => sessionEnds() || standsBy(env) || start(env));
}

/** Whether this is the last command of its session, as each is that another machine asks for, or `sudo` on a terminal of its own. */
function sessionEnds(): boolean {
  return sessionOf("self") === String(process.pid) || !hasLeader();
}

function start(env: NodeJS.ProcessEnv): void {
  const words = [...process.execArgv, "--", process.argv[1]!, "standby"];
  spawn(process.execPath, words, { stdio: "ignore", cwd: "/", env: startingEnvironment(env) }).on("error", () => undefined).unref();
}
