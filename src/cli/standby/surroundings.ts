import { readFileSync, readlinkSync } from "node:fs";
import { statFields } from "./standby-place.ts";

const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"];
const STATUS = /^(?:Uid|Gid|Groups|SigBlk|Cap[A-Z][a-z]+|NoNewPrivs|Seccomp|Seccomp_filters|Cpus_allowed|Mems_allowed):.*$/gm;

/** Node sets these two for itself. */
const OWN_SIGNALS = (1n << 12n) | (1n << 24n); // SIGPIPE, SIGXFSZ

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
    ["ignored signals", String(BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)/m.exec(status)![1]}`) & ~OWN_SIGNALS)],
    ["priority", [stat[16], stat[37], stat[38], optional("oom_score_adj")].join(" ")], // nice, rt_priority, policy
    // Node raises the soft limit of open files to the hard one.
    ["limits", read("limits").replace(/^(Max open files\s+)\S+/m, "$1")],
    ["cgroup", read("cgroup")],
    ["root folder", readlinkSync(proc("root"))],
    ["namespaces", NAMESPACES.map((name) => readNamespace(proc(`ns/${name}`))).join(" ")],
    ["security label", optional("attr/current")],
    ["login", optional("loginuid")],
    ["environment", JSON.stringify(Object.entries(env).filter(([name]) => READ_AT_START.test(name)).sort())],
  ]);
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
