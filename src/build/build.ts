import type { BuildOptions, BuildResult } from "./build-options.ts";
import { buildTargets } from "./build-targets.ts";

export type { BuildOptions, BuildOutput, BuildResult } from "./build-options.ts";

/**
 * Builds a Dockerfile and puts the result where `outputs` says: by default into the store, under `tags`.
 * Resolves when everything is written; rejects with a Fault (`code`, `hint`, `location` in the Dockerfile)
 * and leaves finished steps in the cache.
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  return (await buildTargets([{ options }], options)).get(undefined)!;
}
