import type { BuildAttachment, BuildRecord, RecordedStep } from "../../store/build-record.ts";
import { isYes } from "../build/output-attributes.ts";
import { humanDuration } from "../images/human-time.ts";
import { shortSeconds } from "../progress/seconds.ts";

export const buildHeaders = { Ref: "BUILD ID", Name: "NAME", Status: "STATUS", CreatedAt: "CREATED AT", Duration: "DURATION" } as const;

/** Buildx's words of `history ls`. */
export const STATUS = { running: "Running", completed: "Completed", error: "Error", canceled: "Canceled" } as const;

/** As --metadata-file has it, and buildx: builder, node and ref. */
function fullRef(ref: string): string {
  return `default/default/${ref}`;
}

/** A line of `build history ls`. */
export function buildRow(record: BuildRecord, { now, truncate }: { now: number; truncate: boolean }): Record<string, string> {
  const { ref, about, status, startedAt } = record;
  return {
    Ref: ref,
    FullRef: fullRef(ref),
    Name: truncate && about.name.length > 36 ? `..${about.name.slice(-34)}` : about.name,
    Status: STATUS[status],
    CreatedAt: `${humanDuration(now - startedAt)} ago`,
    Duration: durationText(record, now),
  };
}

/** The same for `--format json`, with buildx's keys. */
export function buildJson({ ref, about, status, startedAt, completedAt, counts }: BuildRecord): string {
  const row = {
    ...(completedAt === undefined ? {} : { completed_at: new Date(completedAt).toISOString() }),
    cached_steps: counts.cached, completed_steps: counts.completed, created_at: new Date(startedAt).toISOString(), name: about.name, ref: fullRef(ref), status: STATUS[status], total_steps: counts.total,
  };
  return `${JSON.stringify(row)}\n`;
}

export function durationText({ startedAt, completedAt }: Pick<BuildRecord, "startedAt" | "completedAt">, now: number): string {
  const milliseconds = (completedAt ?? now) - startedAt;
  const text = milliseconds < 60_000 ? shortSeconds(milliseconds) : `${Math.trunc(milliseconds / 60_000)}m ${String(Math.trunc(milliseconds / 1000) % 60).padStart(2)}s`;
  return completedAt === undefined ? `${text}+` : text;
}

/** What `build history inspect` shows, with buildx's names; durations are nanoseconds. */
export function inspectBuild(record: BuildRecord, steps: readonly RecordedStep[], { now, attachments }: { now: number; attachments: readonly BuildAttachment[] }): Record<string, unknown> {
  const { ref, about, status, startedAt, completedAt, error, counts } = record;
  const pairs = (values: Readonly<Record<string, string>>): { Name: string; Value: string }[] => Object.entries(values).map(([Name, Value]) => ({ Name, Value }));
  return {
    Name: about.name,
    Ref: ref,
    ...(about.builder === undefined ? {} : { Builder: about.builder }),
    Context: about.context,
    ...(about.dockerfile === undefined ? {} : { Dockerfile: about.dockerfile }),
    ...(about.commit?.repository === undefined ? {} : { VCSRepository: about.commit.repository }),
    ...(about.commit === undefined ? {} : { VCSRevision: about.commit.revision }),
    ...(about.target === undefined ? {} : { Target: about.target }),
    ...(about.platforms === undefined ? {} : { Platform: about.platforms }),
    ...(isYes(about.buildArgs["BUILDKIT_CONTEXT_KEEP_GIT_DIR"]) ? { KeepGitDir: true } : {}),
    ...(about.contexts === undefined ? {} : { NamedContexts: pairs(about.contexts) }),
    Tags: about.tags,
    ImageIDs: about.imageIds ?? [],
    StartedAt: new Date(startedAt).toISOString(),
    ...(completedAt === undefined ? {} : { CompletedAt: new Date(completedAt).toISOString() }),
    Duration: Math.round(((completedAt ?? now) - startedAt) * 1e6),
    Status: status === "error" ? "failed" : status,
    ...(error === undefined ? {} : { Error: { ...(error.code === undefined ? {} : { Code: error.code }), Message: error.message, ...named(failedStep(steps)), Logs: failedLog(steps) } }),
    NumCompletedSteps: counts.completed,
    NumTotalSteps: counts.total,
    NumCachedSteps: counts.cached,
    BuildArgs: pairs(about.buildArgs),
    Labels: pairs(about.labels),
    Config: { ...about.config, ...(about.noCache ? { NoCache: true } : {}) },
    ...(about.materials === undefined ? {} : { Materials: about.materials.map(({ uri, digest = {} }) => ({ URI: uri, Digests: digestsOf(digest) })) }),
    ...(attachments.length === 0 ? {} : { Attachments: attachments.map(({ digest, platform, type }) => ({ Digest: digest, ...(platform === undefined ? {} : { Platform: platform }), Type: type })) }),
    Steps: steps.map(({ name, started, completed, cached, error: problem }) => ({
      Name: name,
      ...(started === undefined ? {} : { StartedAt: new Date(started).toISOString() }),
      ...(started === undefined || completed === undefined ? {} : { Duration: Math.round((completed - started) * 1e6) }),
      Cached: cached === true,
      ...(problem === undefined ? {} : { Error: problem }),
    })),
  };
}

/** What a template sees of a build that has no such thing, as in buildx; JSON leaves it out. */
export const ABSENT: Readonly<Record<string, unknown>> = {
  Builder: "", Dockerfile: "", VCSRepository: "", VCSRevision: "", Target: "", Platform: [], KeepGitDir: false, NamedContexts: [], CompletedAt: "", Error: null, Materials: [], Attachments: [],
};

/** `sha256:…` */
export function digestsOf(digest: Readonly<Record<string, string>>): string[] {
  return Object.entries(digest).map(([algorithm, hex]) => `${algorithm}:${hex}`);
}

/** The name of the first step that failed. */
export function failedStep(steps: readonly RecordedStep[]): string | undefined {
  return steps.find(({ error, log }) => error !== undefined && log.length > 0)?.name;
}

function named(name: string | undefined): { Name?: string } {
  return name === undefined ? {} : { Name: name };
}

/** The last lines that failed steps printed. */
export function failedLog(steps: readonly RecordedStep[]): string[] {
  return steps.filter(({ error }) => error !== undefined).flatMap(({ log }) =>
    Buffer.concat(log.map(({ data }) => Buffer.from(data, "base64"))).toString().split("\n").filter((line) => line !== "").slice(-10));
}
