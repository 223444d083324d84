import type { Dockerfile } from "../dockerfile/instruction.ts";
import { jsonLocation, type JsonLocation } from "./locations.ts";
import { textTable } from "./text-table.ts";

/** A stage that can be built with --target, with BuildKit's names. */
export interface Target {
  readonly name?: string;
  readonly default?: true;
  readonly description?: string;
  readonly base: string;
  readonly platform?: string;
  readonly location: JsonLocation;
}

/** All stages; the last one is built by default. Nothing is expanded. */
export function listTargets({ stages }: Dockerfile): Target[] {
  return stages.map(({ name, description, base, platform, location }, index) => ({
    ...(name === undefined ? {} : { name }),
    ...(index === stages.length - 1 ? { default: true as const } : {}),
    ...(description ? { description } : {}),
    base,
    ...(platform === undefined ? {} : { platform }),
    location: jsonLocation(location),
  }));
}

export function targetsJson(dockerfile: Dockerfile): unknown {
  return { targets: listTargets(dockerfile), sources: [Buffer.from(dockerfile.source).toString("base64")] };
}

export function targetsText(dockerfile: Dockerfile): string {
  const rows = listTargets(dockerfile).map(({ name, default: isDefault, description = "" }) =>
    [isDefault ? `${name === undefined ? "" : `${name} `}(default)` : (name ?? ""), description]);
  return textTable([["TARGET", "DESCRIPTION"], ...rows], 1);
}
