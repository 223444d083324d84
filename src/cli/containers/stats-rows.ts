import type { ContainerUse } from "../../container/container-use.ts";
import { humanSize } from "../../std/human-size.ts";
import type { ContainerRecord } from "../../store/container-record.ts";

export const statsHeaders = {
  BlockIO: "BLOCK I/O", CPUPerc: "CPU %", Container: "CONTAINER", ID: "CONTAINER ID", MemPerc: "MEM %", MemUsage: "MEM USAGE / LIMIT", Name: "NAME", NetIO: "NET I/O", PIDs: "PIDS",
} as const;
export const statsTable = "{{.ID}}\\t{{.Name}}\\t{{.CPUPerc}}\\t{{.MemUsage}}\\t{{.MemPerc}}\\t{{.NetIO}}\\t{{.BlockIO}}\\t{{.PIDs}}";

/** A line of `sampan stats`, with the fields of docker's formatter in the order of its JSON. */
export type StatsRow = Readonly<Record<keyof typeof statsHeaders, string>>;

/** @param before the container's use a while ago @param asked how it was named */
export function statsRow({ id, name }: ContainerRecord, before: ContainerUse, now: ContainerUse, { truncate, asked }: { truncate: boolean; asked: string }): StatsRow {
  const cpu = now.at > before.at ? Math.max(0, now.seconds - before.seconds) / ((now.at - before.at) / 1000) : 0;
  return {
    BlockIO: `${humanSize(now.blocks.read, 3)} / ${humanSize(now.blocks.written, 3)}`,
    CPUPerc: percent(cpu),
    Container: asked,
    ID: truncate ? id.slice(0, 12) : id,
    MemPerc: percent(now.memory / now.memoryLimit),
    MemUsage: `${binarySize(now.memory)} / ${binarySize(now.memoryLimit)}`,
    Name: name,
    NetIO: `${humanSize(now.network.received, 3)} / ${humanSize(now.network.sent, 3)}`,
    PIDs: String(now.processes),
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

/** As docker shows memory: `1.5GiB`. */
function binarySize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
