import type { BuildRecord, RecordedStep } from "../../store/build-record.ts";
import { shortSeconds } from "../progress/seconds.ts";
import { alignColumns } from "../template/tabwriter.ts";
import { durationText, failedLog } from "./build-rows.ts";

/** `build history inspect` for people, in the order of buildx's. */
export function inspectText(record: BuildRecord, steps: readonly RecordedStep[], now: number): string {
  const { ref, about, status, startedAt, completedAt, error, counts } = record;
  const head: [string, string | undefined][] = [
    ["Name", about.name], ["Ref", ref], ["Builder", about.builder], ["Context", about.context], ["Dockerfile", about.dockerfile], ["Target", about.target], ["Platforms", about.platforms?.join(", ")],
    ["Tags", about.tags.join(", ") || undefined], ["Images", about.imageIds?.join(", ") || undefined],
  ];
  const course: [string, string | undefined][] = [
    ["Started", new Date(startedAt).toISOString().slice(0, 19).replace("T", " ")],
    ["Duration", `${durationText({ startedAt, completedAt }, now)}${status === "running" ? " (running)" : ""}`],
    ["Status", status === "canceled" ? "Canceled" : undefined], ["Error", error?.message],
    ["Build Steps", `${counts.completed}/${counts.total}${counts.total === 0 ? "" : ` (${Math.round((counts.cached / counts.total) * 100)}% cached)`}`],
  ];
  const parts = [
    pairs(head), pairs(course),
    about.noCache ? pairs([["No Cache", "true"]]) : "",
    valueTable("BUILD ARG", about.buildArgs), valueTable("LABEL", about.labels),
    steps.length === 0 ? "" : alignColumns(`STEP\tDURATION\tCACHED\n${steps.map(stepLine).join("")}`),
  ];
  const log = failedLog(steps);
  return `${parts.filter((part) => part !== "").join("\n")}${log.length === 0 ? "" : `\nLogs:\n${log.map((line) => `> ${line}\n`).join("")}`}`;
}

function pairs(rows: readonly (readonly [string, string | undefined])[]): string {
  return alignColumns(rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name}:\t${value}\n`])).join(""));
}

function valueTable(title: string, values: Readonly<Record<string, string>>): string {
  const rows = Object.entries(values);
  return rows.length === 0 ? "" : alignColumns(`${title}\tVALUE\n${rows.map(([name, value]) => `${name}\t${value}\n`).join("")}`);
}

function stepLine({ name, started, completed, cached, error }: RecordedStep): string {
  const duration = started === undefined || completed === undefined ? "" : shortSeconds(completed - started);
  return `${name.replaceAll(/[\t\n]/g, " ")}\t${duration}\t${error === undefined ? (cached ? "yes" : "") : "ERROR"}\n`;
}
