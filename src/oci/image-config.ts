import { fault } from "../std/fault.ts";
import { imageConfigProblem } from "./check-image-config.ts";
import type { Digest } from "./digest.ts";
import { parseObject } from "./manifest.ts";
import type { Platform } from "./platform.ts";

/** How a container of the image runs (image-spec, config.md, with Docker's extensions). */
export interface ContainerConfig {
  User?: string;
  ExposedPorts?: Record<string, Record<string, never>>;
  Env?: string[];
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, Record<string, never>>;
  WorkingDir?: string;
  Labels?: Record<string, string>;
  StopSignal?: string;
  ArgsEscaped?: boolean;
  Healthcheck?: Healthcheck;
  OnBuild?: string[] | null;
  Shell?: string[];
}

/** Durations are in nanoseconds. */
export interface Healthcheck {
  Test?: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export interface ImageConfig extends Platform {
  readonly created?: string;
  readonly author?: string;
  readonly config?: ContainerConfig;
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[];
}

/** @throws DOCUMENT_INVALID */
export function parseImageConfig(bytes: Uint8Array, what = "the image config"): ImageConfig {
  const value = parseObject(bytes, what);
  const rootfs = value["rootfs"] as Partial<ImageConfig["rootfs"]> | null | undefined;
  if (typeof value["os"] !== "string" || typeof value["architecture"] !== "string") {
    throw fault("DOCUMENT_INVALID", { what, problem: "os or architecture is missing" });
  }
  const problem = imageConfigProblem(value);
  if (problem !== undefined) throw fault("DOCUMENT_INVALID", { what, problem });
  return { ...value, rootfs: { type: "layers", diff_ids: rootfs?.diff_ids ?? [] } } as unknown as ImageConfig;
}

const CONFIG_ORDER: readonly (keyof ContainerConfig)[] = [
  "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "ArgsEscaped",
  "Healthcheck", "OnBuild", "Shell",
];
const HISTORY_ORDER = ["created", "created_by", "author", "comment", "empty_layer"] as const;

/**
 * Writes a config as BuildKit does: compact JSON, top-level keys sorted, the members of `config` and of
 * history entries in the order of Go's structs, empty ones left out.
 */
export function serializeImageConfig(config: ImageConfig): Uint8Array {
  const top: Record<string, unknown> = {};
  for (const key of Object.keys(config).sort()) {
    const value = config[key as keyof ImageConfig];
    if (value === undefined || value === "") continue;
    if (key === "config") top[key] = ordered(value as Record<string, unknown>, CONFIG_ORDER);
    else if (key === "history") top[key] = (value as HistoryEntry[]).map((entry) => ordered(entry as Record<string, unknown>, HISTORY_ORDER));
    else if (key === "rootfs") top[key] = { type: "layers", diff_ids: config.rootfs.diff_ids };
    else top[key] = value;
  }
  return new TextEncoder().encode(goJson(top));
}

function ordered(value: Record<string, unknown>, order: readonly string[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of [...order, ...Object.keys(value).filter((name) => !order.includes(name))]) {
    const member = value[key];
    if (isEmpty(member)) continue;
    result[key] = isMap(key) ? sortKeys(member as Record<string, unknown>) : member;
  }
  return result;
}

function isMap(key: string): boolean {
  return key === "ExposedPorts" || key === "Volumes" || key === "Labels";
}

function sortKeys(map: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value as object).length === 0;
}

/** Go's encoder escapes <, >, & and the two line separators inside strings. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
