import { readFileSync, readlinkSync } from "node:fs";
import { ioPriority } from "../../linux/io-priority.ts";
import { sessionOf, statFields } from "./standby-place.ts";

const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"];
const STATUS = /^(?:Uid|Gid|Groups|SigBlk|Cap[A-Z][a-z]+|NoNewPrivs|Seccomp|Seccomp_filters|Cpus_allowed|Mems_allowed):.*$/gm;

/** Node sets these two for itself. */
const OWN_SIGNALS = (1n << 12n) | (1n << 24n); // SIGPIPE, SIGXFSZ

/** Busybox's shell ignores SIGQUIT for itself, and not for what it runs; it still passes on what it has a trap for. */
const SHELLS_SIGNAL = 1n << 2n;

/** What Node, the C library and libraries below them read once, when a process starts; and what says where a process stands by. */
const READ_AT_START = /^(?:NODE_|UV_|LD_|MALLOC_|GLIBC_|OPENSSL_|SSL_|ICU_|LC_)|^(?:LANG|LANGUAGE|PATH|HOME|TZ|XDG_CACHE_HOME|SAMPAN_STANDBY)$/;

/**
 * What the system and the environment do to a process, by names for people. Two processes with the same surroundings may do,
 * and use, the same.
 * @throws where the process has gone, or is somebody else's
 */
export function surroundingsOf(pid: number | "self", env: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  const proc = (name: string): string => `/proc/${pid}/${name}`;
  const read = (name: string): string => readFileSync(proc(name), "latin1");
  const optional = (name: string): string => {
    try {
      return read(name);
    } catch {
      return ""; // not in every kernel
    }
  };
  const [status, stat] = [read("status"), statFields(pid)];
  return new Map([
    ["rights and processors", (status.match(STATUS) ?? []).join("\n")],
    ["ignored signals", String(ignoredSignals(status) & ~(pid === "self" ? 0n : SHELLS_SIGNAL))],
    ["priority", [stat[16], stat[37], stat[38], optional("oom_score_adj")].join(" ")], // nice, rt_priority, policy
    // Node raises the soft limit of open files to the hard one.
    ["limits", read("limits").replace(/^(Max open files\s+)\S+/m, "$1")],
    ["cgroup", read("cgroup")],
    ["personality", optional("personality")], // setarch(8)
    ["priority of input and output", String(ioPriority(pid === "self" ? 0 : pid))],
    ["filters of system calls", hasOwnFilters(pid, status) ? `of ${pid}` : ""],
    ["root folder", readlinkSync(proc("root"))],
    ["namespaces", NAMESPACES.map((name) => readNamespace(proc(`ns/${name}`))).join(" ")],
    ["security label", optional("attr/current")],
    ["login", optional("loginuid")],
    ...Object.entries(env).filter(([name]) => READ_AT_START.test(name)).map(([name, value = ""]) => [`values of ${name}`, value] as const),
  ]);
}

function ignoredSignals(status: string): bigint {
  return BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)/m.exec(status)![1]}`) & ~OWN_SIGNALS;
}

/**
 * Whether system calls are filtered otherwise than for the session as a whole. What a filter does cannot be seen; but each stays,
 * and goes over to children, so a process with as many as the session's first one has the same ones.
 */
function hasOwnFilters(pid: number | "self", status: string): boolean {
  const filters = (text: string): string | undefined => /^Seccomp_filters:\s*(\d+)/m.exec(text)?.[1];
  if (/^Seccomp:\s*0/m.test(status)) return false;
  try {
    return filters(status) === undefined || filters(status) !== filters(readFileSync(`/proc/${sessionOf(pid)}/status`, "latin1"));
  } catch {
    return true; // that one has gone
  }
}

function readNamespace(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return ""; // a kernel without that kind
    throw error;
  }
}

/** The part of an environment that a process which stands by needs to start with. */
export function startingEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => READ_AT_START.test(name)));
}
