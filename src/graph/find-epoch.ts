import { expand } from "../dockerfile/expand.ts";
import type { Dockerfile, Instruction, Stage } from "../dockerfile/instruction.ts";
import { fault } from "../std/fault.ts";
import { located, type Evaluation } from "./evaluation.ts";
import { namedTree } from "./named-base.ts";
import { findNamed } from "./named-source.ts";
import { remoteKind } from "./remote-kind.ts";
import { sourceDate } from "./source-date.ts";
import type { Vertex } from "./vertex.ts";

/** When that was made which a vertex of kind `http` or `git` fetches, in seconds since 1970, as far as anybody says so. */
export type SourceTime = (vertex: Vertex) => Promise<number | undefined>;

const NAME = "SOURCE_DATE_EPOCH";

/**
 * SOURCE_DATE_EPOCH in seconds since 1970: a number, `context`, or the name of what --build-context gives or of a stage that is nothing but
 * one ADD from elsewhere; then it is the time of that. What has no time, like a folder of this machine, sets none.
 * @param start an evaluation in which nothing of this is known yet
 * @throws SOURCE_DATE_EPOCH_INVALID, SOURCE_DATE_EPOCH_STAGE, and what fetching throws
 */
export async function findEpoch(value: string | undefined, dockerfile: Dockerfile, start: () => Evaluation): Promise<number | undefined> {
  if (value === undefined || value === "" || value === "context" || /^[+-]?\d/.test(value)) return sourceDate(value, value === "context" ? start().options.contextTime : undefined);
  const evaluation = start();
  const { options } = evaluation;
  const named = findNamed(options.contexts, value, options.platform);
  if (named?.kind === "git" || named?.kind === "http") return options.sourceTime?.(namedTree(evaluation, value, named, dockerfile.stages[0]!.location));
  if (named && named.kind !== "stage") return undefined;
  const stage = dockerfile.stages.findLast(({ name }) => name === (named?.name ?? value));
  if (!stage) throw fault("SOURCE_DATE_EPOCH_INVALID", { value });
  checkStage(stage, evaluation);
  const { vertex } = await evaluation.stageState(stage.index, undefined);
  const source = vertex?.inputs.find((input) => input?.operation.kind === "http" || input?.operation.kind === "git");
  if (!source) throw problem("source must be a single HTTP(S) or Git ADD", stage);
  return options.sourceTime?.(source);
}

/** What the build arguments and global arguments are once it is known: a stage that declares it sees the number. */
export function withEpoch(values: ReadonlyMap<string, string>, epoch: number | undefined): Map<string, string> {
  const known = new Map(values);
  if (!known.has(NAME)) return known;
  if (epoch === undefined) known.delete(NAME);
  else known.set(NAME, String(epoch));
  return known;
}

/** Refuses a stage with more in it than one source, in BuildKit's words. */
function checkStage(stage: Stage, { globals, escape }: Evaluation): void {
  if (located(stage.location, () => expand(stage.base, globals, { escape }).value) !== "scratch") throw problem("must use FROM scratch", stage);
  const other = stage.instructions.find(({ kind }) => kind !== "arg" && kind !== "add");
  if (other) throw problem(`does not meet source-only requirements: unsupported ${other.kind.toUpperCase()} instruction`, other);
  const adds = stage.instructions.filter((instruction) => instruction.kind === "add");
  if (adds.length !== 1) throw problem("must contain exactly one remote ADD", adds[1] ?? stage);
  const { sources } = adds[0]!;
  if (sources.length !== 1) throw problem("must contain exactly one remote ADD source", adds[0]!);
  if (remoteKind(sources[0]!) === undefined && !sources[0]!.includes("$")) throw problem("source must be a single HTTP(S) or Git ADD", adds[0]!);
}

function problem(text: string, { location }: Pick<Instruction, "location">): Error {
  return fault("SOURCE_DATE_EPOCH_STAGE", { problem: text }, { location });
}
