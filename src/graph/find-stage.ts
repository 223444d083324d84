import type { Dockerfile, Stage } from "../dockerfile/instruction.ts";
import { suggest } from "../dockerfile/suggest.ts";
import { fault } from "../std/fault.ts";

/** Indexes of the stages of each name, in order. */
export function stageNames({ stages }: Dockerfile): Map<string, number[]> {
  const names = new Map<string, number[]>();
  for (const { name, index } of stages) {
    if (name === undefined) continue;
    const known = names.get(name);
    if (known) known.push(index);
    else names.set(name, [index]);
  }
  return names;
}

/** Notes that one stage waits for another. @param waits by stage, those that it waits for @throws STAGE_CIRCULAR */
export function noteWait(waits: Map<number, Set<number>>, asker: Stage, asked: Stage): void {
  const reached = new Set([asked.index]);
  for (const index of reached) for (const further of waits.get(index) ?? []) reached.add(further);
  if (reached.has(asker.index)) throw fault("STAGE_CIRCULAR", { stage: asker.name ?? `stage-${asker.index}` }, { location: asker.location });
  waits.set(asker.index, (waits.get(asker.index) ?? new Set()).add(asked.index));
}

/** The index of the stage that is asked for, the last one without a name. @throws TARGET_NOT_FOUND */
export function findTarget(dockerfile: Dockerfile, target: string | undefined): number {
  return target === undefined || target === "" ? dockerfile.stages.length - 1 : namedStage(dockerfile, target);
}

/** @throws TARGET_NOT_FOUND */
export function namedStage({ stages }: Dockerfile, target: string): number {
  const index = stages.findLastIndex((stage) => stage.name === target.toLowerCase());
  if (index >= 0) return index;
  const names = stages.flatMap(({ name }) => name ?? []);
  throw fault("TARGET_NOT_FOUND", { target, suggestion: suggest(target, names), stages: names });
}
