import { spawnSync } from "node:child_process";
import { containerProcesses } from "../../container/container-processes.ts";
import { findProgram } from "../../linux/find-program.ts";
import { fault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import { alignColumns } from "../template/tabwriter.ts";

/**
 * The rows of this machine's ps that are of a container, with aligned columns.
 * @throws CONTAINER_NOT_RUNNING, SANDBOX_TOOL_MISSING, USAGE for options that ps does not take or that leave PID out
 */
export function listProcesses({ name, running }: ContainerRecord, options: readonly string[]): string {
  if (running === undefined) throw fault("CONTAINER_NOT_RUNNING", { container: name });
  const ps = findProgram("ps");
  if (ps === undefined) throw fault("SANDBOX_TOOL_MISSING", { tool: "ps" });
  const pids = containerProcesses(running.pid);
  if (pids.length === 0) throw fault("CONTAINER_NOT_RUNNING", { container: name });
  const given = options.length > 0 ? options : ["-ef"];
  const run = (...more: string[]) => spawnSync(ps, [...given, ...more], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  // As docker does it: some options cannot be used together with a choice of processes.
  const chosen = run(`-q${pids.join(",")}`);
  const { status, stdout, stderr } = chosen.status === 0 ? chosen : run();
  if (status !== 0) throw fault("USAGE", { problem: `ps ${given.join(" ")}: ${stderr.trim().split("\n")[0] ?? ""}` });
  const [heading = "", ...lines] = stdout.trimEnd().split("\n");
  const titles = heading.trim().split(/\s+/);
  const column = titles.indexOf("PID");
  if (column < 0) throw fault("USAGE", { problem: "ps shows no column PID with these options", hint: "add it: -o pid,args" });
  const rows = lines.map((line) => cells(line, titles.length)).filter((row) => pids.includes(Number(row[column])));
  return alignColumns(`${[titles, ...rows].map((row) => row.join("\t")).join("\n")}\n`);
}

/** The last column, the command, has spaces of its own. */
function cells(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/);
  return [...words.slice(0, count - 1), words.slice(count - 1).join(" ")];
}
