import type { BuildAttachment, BuildRecord, RecordedStep } from "../../store/build-record.ts";
import { isYes } from "../build/output-attributes.ts";
import { shortSeconds } from "../progress/seconds.ts";
import { alignColumns } from "../template/tabwriter.ts";
import { digestsOf, durationText, failedLog, failedStep } from "./build-rows.ts";

/** `build history inspect` for people, in the order of buildx's. */
export function inspectText(record: BuildRecord, steps: readonly RecordedStep[], { now, attachments }: { now: number; attachments: readonly BuildAttachment[] }): string {
  const { ref, about, status, startedAt, completedAt, error, counts } = record;
  const head: [string, string | undefined][] = [
    ["Name", about.name], ["Ref", ref], ["Builder", about.builder], ["Context", about.context], ["Dockerfile", about.dockerfile], ["VCS Repository", about.commit?.repository], ["VCS Revision", about.commit?.revision], ["Target", about.target], ["Platforms", about.platforms?.join(", ")],
    ["Tags", about.tags.join(", ") || undefined], ["Images", about.imageIds?.join(", ") || undefined], ["Keep Git Dir", isYes(about.buildArgs["BUILDKIT_CONTEXT_KEEP_GIT_DIR"]) ? "true" : undefined],
  ];
  const course: [string, string | undefined][] = [
    ["Started", new Date(startedAt).toISOString().slice(0, 19).replace("T", " ")],
    ["Duration", `${durationText({ startedAt, completedAt }, now)}${status === "running" ? " (running)" : ""}`],
    ["Status", status === "canceled" ? "Canceled" : undefined], ["Error", error?.message],
    ["Build Steps", `${counts.completed}/${counts.total}${counts.total === 0 ? "" : ` (${Math.round((counts.cached / counts.total) * 100)}% cached)`}`],
  ];
  const { config = {}, materials = [] } = about;
  const parts = [
    pairs(head), valueTable("NAMED CONTEXT", about.contexts ?? {}), pairs(course),
    pairs([
      ["Network", config.Network], ["Extra Hosts", config.ExtraHosts?.join(", ")], ["Image Resolve Mode", config.ImageResolveMode], ["No Cache", about.noCache ? "true" : undefined],
      ["No Cache Filter", config.NoCacheFilter?.join(", ")], ["Shm Size", config.ShmSize], ["Resource Limits", config.Ulimit],
    ]),
    valueTable("BUILD ARG", about.buildArgs), valueTable("LABEL", about.labels),
    materials.length === 0 ? "" : `Materials:\n${alignColumns(`URI\tDIGEST\n${materials.map(({ uri, digest = {} }) => `${uri}\t${digestsOf(digest).join(", ")}\n`).join("")}`)}`,
    attachments.length === 0 ? "" : `Attachments:\n${alignColumns(`DIGEST\tPLATFORM\tTYPE\n${attachments.map(({ digest, platform = "", type }) => `${digest}\t${platform}\t${type}\n`).join("")}`)}`,
    steps.length === 0 ? "" : alignColumns(`STEP\tDURATION\tCACHED\n${steps.map(stepLine).join("")}`),
  ];
  const [log, failed] = [failedLog(steps), failedStep(steps)];
  return `${parts.filter((part) => part !== "").join("\n")}${log.length === 0 ? "" : `\nLogs:\n${failed === undefined ? "" : `> => ${failed}:\n`}${log.map((line) => `> ${line}\n`).join("")}`}`;
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
