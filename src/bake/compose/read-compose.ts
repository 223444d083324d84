import { fault } from "../../std/fault.ts";
import type { Group, Target } from "../target.ts";
import { buildTarget } from "./build-target.ts";
import { loadModel, type Loading } from "./load-model.ts";
import type { ComposeFile } from "./parse-model.ts";
import { mapOf } from "./yaml-map.ts";

/**
 * The services of compose files that are built, as targets, and a group `default` of them all, whatever their profiles. Files are
 * laid over each other; of a service only `image`, `build`, `environment`, `env_file` and `extends` count.
 * @throws BAKE_COMPOSE, BAKE_SYNTAX
 */
export function readCompose(files: readonly ComposeFile[], loading: Loading): { groups: Group[]; targets: Target[] } {
  const model = loadModel(files, loading);
  const file = files[0]!.name;
  if (model["services"] === undefined && model["secrets"] === undefined) throw fault("BAKE_COMPOSE", { file, problem: "empty compose file" });
  const targets: Target[] = [];
  const surroundings = { file, secrets: mapOf(model["secrets"] ?? {}, "secrets", file), ...loading };
  for (const [name, written] of Object.entries(mapOf(model["services"] ?? {}, "services", file))) {
    const service = mapOf(written, `services.${name}`, file);
    if (service["build"] !== undefined) targets.push(buildTarget(name, service, surroundings));
  }
  return { groups: [{ name: "default", targets: targets.map(({ name }) => name), ...(targets.length === 0 ? { unwritten: true } : {}) }], targets };
}
