import { posix } from "node:path";
import { expand } from "../dockerfile/expand.ts";
import type { AddInstruction, CopyInstruction, WorkdirInstruction } from "../dockerfile/instruction.ts";
import { fault } from "../std/fault.ts";
import { hideLogin } from "../context/git-url.ts";
import { addSources, type AddSources } from "./add-sources.ts";
import { copyFlags } from "./copy-flags.ts";
import { documentName } from "./document-name.ts";
import { addStep, expandIn, located, type Evaluation } from "./evaluation.ts";
import { note } from "./config-instructions.ts";
import { localVertex } from "./source-vertices.ts";
import { remoteKind } from "./remote-kind.ts";
import type { StageState } from "./stage-state.ts";
import type { CopyOperation, Vertex } from "./vertex.ts";

/** COPY and ADD: one layer, however many sources. */
export async function evaluateCopy(evaluation: Evaluation, state: StageState, instruction: CopyInstruction | AddInstruction): Promise<void> {
  const { location } = instruction;
  const command = instruction.kind === "copy" ? "COPY" : "ADD";
  const inWords = (word: string): string => expandIn(evaluation, state, word, location);
  const written = instruction.sources.map(inWords);
  const { chown, chmod, checksum, ...choice } = copyFlags(instruction, written, inWords);
  if (instruction.kind === "copy") for (const source of written) refuseRemote(source, instruction);
  const inline = instruction.heredocs.map((heredoc) => ({
    name: documentName(heredoc, location),
    content: heredoc.expand ? located(location, () => expand(heredoc.content, state.env, { escape: "\\", skipProcessQuotes: true }).value) : heredoc.content,
  }));
  const destination = inWords(instruction.destination);
  const { sources, origins, trees } = await readsFrom(evaluation, state, written, { instruction, checksum });
  const operation: CopyOperation = {
    kind: "copy",
    command,
    sources,
    ...(origins ? { origins } : {}),
    inline,
    destination: absolute(state, destination),
    ...(chown ? { chown } : {}),
    ...(chmod ? { chmod } : {}),
    ...choice,
    platform: state.platform,
  };
  const below = state.vertex;
  // As in BuildKit, --chmod switches --link off.
  const isLinked = instruction.link && !chmod && below !== undefined;
  const vertex = addStep(evaluation, state, instruction, operation, [isLinked ? undefined : below, ...trees]);
  if (isLinked) state.vertex = mergeVertex(evaluation, below, vertex);
  const flags = [...(choice.parents ? ["--parents"] : []), ...(chown ? [`--chown=${chown}`] : []), ...(chmod ? [`--chmod=${chmod}`] : [])];
  const words = [command, ...flags, ...written.map(hideLogin), ...instruction.heredocs.map(({ name }) => `<<${name}`), destination];
  state.history.push({ kind: "layer", createdBy: `${words.join(" ")} # buildkit`, vertex, ...(isLinked ? { stack: state.vertex! } : {}) });
}

/** WORKDIR: kept as written when absolute, joined with the previous one otherwise; makes a layer unless it is `/`. */
export function evaluateWorkdir(evaluation: Evaluation, state: StageState, instruction: WorkdirInstruction): void {
  const written = expandIn(evaluation, state, instruction.value, instruction.location);
  const path = written.startsWith("/") ? written : trimSlash(posix.join("/", state.config.WorkingDir || "/", written));
  state.config.WorkingDir = path;
  state.workdirIsSet = true;
  const folder = trimSlash(posix.normalize(path));
  if (path === "/") return note(state, `WORKDIR ${path}`);
  const owner = state.config.User;
  const vertex = addStep(
    evaluation, state, instruction,
    { kind: "mkdir", path: folder, mode: 0o755, ...(owner ? { owner } : {}), ...(evaluation.epoch === undefined ? {} : { time: evaluation.epoch }), platform: state.platform },
    [state.vertex],
  );
  state.history.push({ kind: "layer", createdBy: `WORKDIR ${path}`, vertex });
}

function mergeVertex(evaluation: Evaluation, below: Vertex, layer: Vertex): Vertex {
  const { name, slot, location } = layer;
  return evaluation.pool.add({ kind: "merge" }, [below, layer], {
    name: name.replace("] ", "] LINK "), slot: `${slot}/link`, ignoreCache: false, ...(location ? { location } : {}),
  });
}

async function readsFrom(
  evaluation: Evaluation, state: StageState, written: readonly string[],
  { instruction, checksum }: { instruction: CopyInstruction | AddInstruction; checksum: string | undefined },
): Promise<AddSources> {
  const local = (): Vertex => localVertex(evaluation);
  if (instruction.kind === "add") return addSources(evaluation, written, instruction, { local, checksum });
  if (instruction.from !== undefined) return { sources: written, trees: [await sourceTree(evaluation, state, instruction.from, instruction)] };
  return { sources: written, trees: [written.length > 0 ? local() : undefined] };
}

/** The stage or image that --from names: a number is a stage's index, a name its last stage, anything else an image. */
async function sourceTree(
  evaluation: Evaluation,
  state: StageState,
  from: string,
  { location }: CopyInstruction | AddInstruction,
): Promise<Vertex | undefined> {
  if (from.includes("$")) throw fault("FROM_VARIABLE", { from }, { location });
  const number = /^\d+$/.test(from) ? Number(from) : undefined;
  if (number !== undefined && number >= evaluation.stageCount) throw fault("STAGE_INDEX_INVALID", { index: from }, { location });
  const other = number === undefined ? evaluation.options.linked?.(from) : undefined;
  if (other) return other.vertex;
  const index = number ?? evaluation.findStage(from.toLowerCase());
  if (index < 0) return evaluation.imageVertex(from, location, state);
  if (index === state.stage.index) throw fault("STAGE_CIRCULAR", { stage: state.label }, { location });
  if (index > state.stage.index) throw fault("STAGE_ORDER", { stage: from, current: state.label }, { location });
  return (await evaluation.stageState(index, state)).vertex;
}

function absolute(state: StageState, destination: string): string {
  const slash = /(?:^|\/)\.{0,2}$/.test(destination) ? "/" : "";
  const joined = destination.startsWith("/") ? destination : posix.join("/", state.config.WorkingDir || "/", destination);
  const path = trimSlash(posix.normalize(joined));
  return path === "/" ? path : path + slash;
}

export function trimSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function refuseRemote(source: string, { location }: CopyInstruction): void {
  const kind = remoteKind(source);
  if (kind !== undefined) throw fault("SOURCE_IS_REMOTE", { kind, command: "COPY" }, { location });
}
