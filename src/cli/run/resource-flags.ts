import { changeCapabilities } from "../../exec/capabilities.ts";
import type { RunJob } from "../../exec/run-job.ts";
import { usableProcessors } from "../../linux/usable-processors.ts";
import { fault } from "../../std/fault.ts";
import type { ContainerSpec, ResourceLimits } from "../../store/container-record.ts";
import type { FlagValues } from "../flags/flag.ts";
import { parseBytes } from "../flags/parse-bytes.ts";
import { parseUlimit } from "../flags/parse-ulimit.ts";
import type { containerFlags } from "./run-flags.ts";

type Flags = FlagValues<typeof containerFlags>;
const SMALLEST_MEMORY = 6 * 1024 * 1024;

/** --memory, --memory-swap, --cpus and --pids-limit. @throws USAGE */
export function resourceLimits(flags: Flags): ResourceLimits {
  const memory = flags.memory === undefined ? undefined : parseBytes(flags.memory, "-m, --memory");
  if (memory !== undefined && memory < SMALLEST_MEMORY) throw fault("USAGE", { problem: `-m, --memory ${flags.memory} is too little`, hint: "the least is 6m" });
  const swap = flags["memory-swap"];
  const memorySwap = swap === undefined ? undefined : swap === "-1" ? -1 : parseBytes(swap, "--memory-swap");
  if (memorySwap !== undefined && (memory === undefined || (memorySwap >= 0 && memorySwap < memory))) {
    throw fault("USAGE", { problem: "--memory-swap needs --memory, and is not less than that", hint: "it limits memory and swap together" });
  }
  const cpus = flags.cpus === undefined ? undefined : processors(flags.cpus);
  const pids = flags["pids-limit"] === undefined ? undefined : number(flags["pids-limit"], "--pids-limit", (value) => Number.isInteger(value) && (value > 0 || value === -1));
  return {
    ...(memory === undefined ? {} : { memory }), ...(memorySwap === undefined ? {} : { memorySwap }),
    ...(cpus === undefined ? {} : { cpus }), ...(pids === undefined || pids === -1 ? {} : { pids }),
  };
}

/** Of --cpus; 0 is no limit. */
function processors(text: string): number | undefined {
  const value = number(text, "--cpus", () => true);
  if (value === 0) return undefined;
  const most = usableProcessors();
  if (value >= 0.01 && value <= most) return value;
  throw fault("USAGE", { problem: `range of CPUs is from 0.01 to ${most.toFixed(2)}, as there are only ${most} CPUs available`, hint: "leave --cpus away for all of them" });
}

/** --restart. @throws USAGE */
export function restartPolicy({ restart, rm }: Flags): Pick<ContainerSpec, "restart"> {
  const [, name, count] = /^(|no|always|unless-stopped|on-failure)(?::(.*))?$/.exec(restart) ?? [];
  const invalid = (problem: string, hint: string): Error => fault("USAGE", { problem, hint });
  if (name === undefined) throw invalid(`invalid restart policy ${JSON.stringify(restart)} for --restart`, "it is one of no, on-failure[:COUNT], always, unless-stopped");
  if (count !== undefined && name !== "on-failure") throw invalid(`maximum retry count cannot be used with restart policy '${name}'`, "on-failure:3 takes one");
  if (count !== undefined && !/^\d{1,9}$/.test(count)) throw invalid("maximum retry count must be an integer", "it looks like on-failure:3");
  if (name === "" || name === "no") return {};
  if (rm) throw invalid("conflicting options: cannot specify both --restart and --rm", "leave one of them away");
  return { restart: { name: name as "always" | "unless-stopped" | "on-failure", retries: Number(count ?? 0) } };
}

/** --ulimit, --shm-size, --cap-add, --cap-drop, --security-opt, --init and --cgroupns. @throws USAGE, NOT_SUPPORTED */
export function processRights(flags: Flags): Pick<RunJob, "ulimits" | "shmSize" | "capabilities" | "noNewPrivileges" | "init" | "hostCgroups"> {
  for (const option of flags["security-opt"]) {
    if (!/^no-new-privileges(?:[:=](?:true|false))?$/.test(option)) throw fault("NOT_SUPPORTED", { feature: `--security-opt ${option}` });
  }
  const last = flags["security-opt"].at(-1);
  const changes = flags["cap-add"].length + flags["cap-drop"].length > 0 ? changeCapabilities(flags["cap-add"], flags["cap-drop"]) : undefined;
  if (changes && "unknown" in changes) throw fault("USAGE", { problem: `invalid capability ${JSON.stringify(changes.unknown)} for --cap-add or --cap-drop`, hint: "it looks like NET_ADMIN, or is ALL" });
  // Until it is the command, what joins a container, and process 1 with --init for always, has rights that a tracer could take over.
  if (flags.init && changes?.names.includes("CAP_SYS_PTRACE")) throw fault("NOT_SUPPORTED", { feature: "--init together with the capability SYS_PTRACE" });
  return {
    ...(flags.ulimit.length === 0 ? {} : { ulimits: flags.ulimit.map(parseUlimit) }),
    ...(flags["shm-size"] === undefined ? {} : { shmSize: parseBytes(flags["shm-size"], "--shm-size") }),
    ...(changes ? { capabilities: changes.names } : {}),
    ...(last !== undefined && !last.endsWith("false") ? { noNewPrivileges: true } : {}),
    ...(flags.init ? { init: true } : {}),
    ...(flags.cgroupns === "host" ? { hostCgroups: true } : {}),
  };
}

/** --log-driver and --log-opt. @throws USAGE, NOT_SUPPORTED */
export function logSettings(flags: Flags): Pick<ContainerSpec, "log"> {
  let [size, files] = [10 * 1024 * 1024, 3];
  for (const option of flags["log-opt"]) {
    const [key, value = ""] = option.split("=", 2);
    if (key === "max-size") size = parseBytes(value, "--log-opt max-size");
    else if (key === "max-file") files = number(value, "--log-opt max-file", (count) => Number.isInteger(count) && count > 0 && count <= 1000);
    else throw fault("NOT_SUPPORTED", { feature: `--log-opt ${key}` });
  }
  if (size < 1024) throw fault("USAGE", { problem: "--log-opt max-size is too little", hint: "the least is 1k" });
  return flags["log-driver"] === "none" ? {} : { log: { size, files } };
}

function number(text: string, shown: string, fits: (value: number) => boolean): number {
  const value = /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(value) || !fits(value)) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${shown}` });
  return value;
}
