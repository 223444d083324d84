import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeBusyboxLayout, writeForeignLayout, writePlatformLayout, type BaseConfig } from "../support/busybox-base.ts";
import { ARM64_BUSYBOX, ARM_BUSYBOX, noArm, noArm64 } from "../support/arm64-busybox.ts";
import { findProgram } from "../support/find-program.ts";
import type { Platform } from "../../src/oci/platform.ts";
import { isWhole, type GoldenCase } from "./cases.ts";
import { normalizeArchive, normalizeOutput, type NormalizedImage, type NormalizedOutput } from "./normalize.ts";

/** Base images that the cases name in FROM. */
export const BASES: Readonly<Record<string, { config?: BaseConfig; history?: boolean }>> = {
  "busybox:latest": {},
  "onbuild:1": { config: { Env: ["PATH=/bin"], OnBuild: ["COPY . /app", "RUN echo hi > /onbuild", "ENV FROM_TRIGGER=yes"] } },
  "configured:1": {
    config: { Env: ["PATH=/bin:/usr/bin", "LANG=C.UTF-8", "A=from-base"], Cmd: ["base-cmd"], Entrypoint: ["base-entry"], WorkingDir: "/base", User: "app", Labels: { base: "yes" } },
    history: false,
  },
  "nopath:1": { config: { Env: [], Cmd: ["sh"] } },
};

/** A base image for several platforms, as an index. */
export const PLATFORM_BASE = "multi:1";
export const PLATFORMS: readonly Platform[] = [
  { architecture: "amd64", os: "linux" }, { architecture: "386", os: "linux" }, { architecture: "arm64", os: "linux" },
  { architecture: "arm", os: "linux", variant: "v7" }, { architecture: "arm", os: "linux", variant: "v6" }, { architecture: "riscv64", os: "linux" },
];

/** A base image whose commands run on each of its platforms: under emulation, but for the machine's own. */
export const FOREIGN_BASE = "foreign:1";
const BUSYBOXES = { amd64: "/bin/busybox", arm64: ARM64_BUSYBOX, "arm/v7": ARM_BUSYBOX };

/** Why commands of other architectures cannot be run here, or false. */
export const noForeign = process.arch === "x64" ? noArm64 || noArm : "recorded on amd64";

export function writeForeignBase(folder: string): { diffIds: string[] } {
  return writeForeignLayout(folder, BUSYBOXES);
}

export function buildkitAddress(): string | undefined {
  return process.env["BUILDKIT_HOST"];
}

/** Pushes the base images under library/golden-…; the frontend gets them under their names as named contexts. */
export function prepareBases(registry: string): Map<string, { reference: string; diffIds: string[] }> {
  const result = new Map<string, { reference: string; diffIds: string[] }>();
  for (const [name, options] of [...Object.entries(BASES), [PLATFORM_BASE, {}] as const, ...(noForeign ? [] : [[FOREIGN_BASE, {}] as const])]) {
    const folder = mkdtempSync(join(tmpdir(), "golden-base-"));
    try {
      const { diffIds } = name === PLATFORM_BASE ? writePlatformLayout(folder, PLATFORMS) : name === FOREIGN_BASE ? writeForeignBase(folder) : writeBusyboxLayout(folder, options);
      const reference = `library/golden-${name.replace(":", "-")}:1`;
      execFileSync("skopeo", ["copy", "-q", "--all", "--insecure-policy", "--dest-tls-verify=false", `oci:${folder}:latest`, `docker://${registry}/${reference}`]);
      result.set(name, { reference: `docker.io/${reference}`, diffIds });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return result;
}

/** Builds a case with a real BuildKit; this process may have to serve what it fetches meanwhile. @param agent the socket of an ssh agent, for cases that forward one */
export async function buildWithBuildKit(
  address: string,
  golden: GoldenCase,
  context: string,
  bases: ReadonlyMap<string, { reference: string; diffIds: string[] }>,
  agent = "",
): Promise<{ image: NormalizedImage | NormalizedOutput } | { error: string }> {
  const folder = mkdtempSync(join(tmpdir(), "golden-out-"));
  const archive = join(folder, "image.tar");
  const { target, buildArgs = {}, labels = {}, buildContexts = {}, secrets = {}, ssh = [], allow = [], file, platforms = [], output } = golden.options;
  const remote = golden.options.context;
  const secretFiles = Object.entries(secrets).map(([id, text], index) => {
    const file = join(folder, `secret${index}`);
    writeFileSync(file, text);
    return `id=${id},src=${file}`;
  });
  const named = [...bases].flatMap(([name, { reference }]) => ["--opt", `context:docker.io/library/${name}=docker-image://${reference}`, "--opt", `context:${name.replace(":latest", "")}=docker-image://${reference}`]);
  try {
    await promisify(execFile)(findProgram("buildctl") ?? "buildctl", [
      "--addr", address, "build", "--progress=plain", "--no-cache", "--frontend=dockerfile.v0",
      ...(remote === undefined ? ["--local", `context=${context}`, "--local", `dockerfile=${golden.folder}`] : ["--opt", `context=${remote}`]),
      ...(file === undefined ? [] : ["--opt", `filename=${file}`]),
      ...Object.entries(buildContexts).flatMap(([name, value]) => namedContext(name, value, context)),
      ...(platforms.length > 0 ? ["--opt", `platform=${platforms.join(",")}`] : []),
      ...(target ? ["--opt", `target=${target}`] : []),
      ...Object.entries(buildArgs).flatMap(([key, value]) => ["--opt", `build-arg:${key}=${value}`]),
      ...Object.entries(labels).flatMap(([key, value]) => ["--opt", `label:${key}=${value}`]),
      ...secretFiles.flatMap((secret) => ["--secret", secret]),
      ...ssh.flatMap((id) => ["--ssh", `${id}=${agent}`]),
      ...allow.flatMap((entitlement) => ["--allow", entitlement]),
      ...named,
      "--output", `type=oci,dest=${archive}${output === undefined ? "" : `,${output}`}`,
    ], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024, timeout: 60_000 }).catch((error: unknown) => {
      throw new BuildRefused(errorOf((error as { stderr?: string }).stderr ?? String(error)));
    });
    return { image: (isWhole(golden) ? normalizeOutput : normalizeArchive)(archive, [...bases.values()].flatMap(({ diffIds }) => diffIds)) };
  } catch (error) {
    if (error instanceof BuildRefused) return { error: error.message };
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class BuildRefused extends Error {}

/** As buildx hands them on: folders are sent, everything else is for the frontend. */
function namedContext(name: string, value: string, context: string): string[] {
  const folder = join(context, value);
  if (value.includes("://") || !existsSync(folder)) return ["--opt", `context:${name}=${value}`];
  const local = `named-${name.replace(/\W/g, "-")}`;
  return ["--local", `${local}=${folder}`, "--opt", `context:${name}=local:${local}`];
}

/** The error line of buildctl, without ids and folders of the daemon. */
function errorOf(stderr: string): string {
  const line = stderr.split("\n").findLast((text) => /^error: /i.test(text)) ?? stderr.trim();
  return line
    .replace(/^error: (?:failed to solve: )?/i, "")
    .replace("failed to load LLB: ", "")
    .replace(/^(?:failed to (?:load cache key|read downloaded context|load remote context|read dockerfile): )+/, "")
    .replace(/, output: ""$|statat \S+: /g, "")
    .replace(/failed to compute cache key: failed to calculate checksum of ref \S+: /, "")
    .replace(/\/\S*?\/cachemounts\/\w+/, "");
}
