import { csvFields } from "../dockerfile/csv-fields.ts";
import type { Dockerfile, Instruction, Stage } from "../dockerfile/instruction.ts";
import { fault, type SourceLocation } from "../std/fault.ts";
import type { Evaluation } from "./evaluation.ts";
import { findNamed } from "./named-source.ts";

interface Wait {
  readonly index: number;
  readonly location: SourceLocation;
}

/**
 * Looks for stages that copy from or mount each other in a circle. As with BuildKit it is an error also where the target needs none
 * of them, and is told by the name of the stage that leads into it.
 * @throws STAGE_CIRCULAR
 */
export function checkCircles({ stages }: Dockerfile, evaluation: Evaluation): void {
  const waits = stages.map((stage) => waitsOf(stage, evaluation));
  // Every circle has a stage that waits for itself or a later one.
  if (!waits.some((list, from) => list.some(({ index }) => index >= from))) return;
  const seen = new Set<number>();
  for (const { index, name } of stages) {
    const location = circleFrom(index, waits, seen);
    if (location) throw fault("STAGE_CIRCULAR", { stage: name ?? `stage-${index}` }, { location });
  }
}

/** Where a circle closes that can be reached from a stage. @param seen stages that lead into none */
function circleFrom(root: number, waits: readonly (readonly Wait[])[], seen: Set<number>): SourceLocation | undefined {
  if (seen.has(root)) return undefined;
  const path = [{ stage: root, next: 0 }];
  const onPath = new Set([root]);
  seen.add(root);
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const wait = waits[top.stage]![top.next++];
    if (!wait) {
      onPath.delete(top.stage);
      path.pop();
    } else if (onPath.has(wait.index)) return wait.location;
    else if (!seen.has(wait.index)) {
      seen.add(wait.index);
      onPath.add(wait.index);
      path.push({ stage: wait.index, next: 0 });
    }
  }
  return undefined;
}

function waitsOf({ name, instructions }: Stage, { options, findStage, stageCount }: Evaluation): Wait[] {
  if (name !== undefined && findNamed(options.contexts, name, options.platform)) return [];
  return instructions.flatMap((instruction) => namesOf(instruction).flatMap(({ from, number }) => {
    if (!number && options.linked?.(from)) return [];
    const index = number ? Number(from) : findStage(from.toLowerCase());
    return index >= 0 && index < stageCount ? [{ index, location: instruction.location }] : [];
  }));
}

/** What an instruction copies from or mounts, and whether that is the number of a stage. */
function namesOf(instruction: Instruction): { from: string; number: boolean }[] {
  if (instruction.kind === "copy") return instruction.from === undefined ? [] : [{ from: instruction.from, number: /^\d+$/.test(instruction.from) }];
  if (instruction.kind !== "run") return [];
  return instruction.mounts.flatMap(mountedName).map((from) => ({ from, number: false }));
}

function mountedName(mount: string): string[] {
  try {
    return csvFields(mount, "mounts").flatMap((field) => /^from=(.+)$/is.exec(field)?.[1] ?? []);
  } catch {
    return []; // what is wrong with it is said where the stage is evaluated
  }
}
