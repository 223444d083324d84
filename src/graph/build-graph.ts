import type { Dockerfile, Instruction, Stage } from "../dockerfile/instruction.ts";
import { expand } from "../dockerfile/expand.ts";
import { suggest } from "../dockerfile/suggest.ts";
import { parseTrigger } from "../dockerfile/parse-trigger.ts";
import type { ContainerConfig } from "../oci/image-config.ts";
import { formatPlatform, parsePlatform, type Platform } from "../oci/platform.ts";
import { fault, isFault, type SourceLocation } from "../std/fault.ts";
import {
  checkSignal, evaluateArg, evaluateCmd, evaluateEntrypoint, evaluateEnv, evaluateExpose, evaluateHealthcheck, evaluateLabel, evaluateShell,
  evaluateVolume, note,
} from "./config-instructions.ts";
import { expandIn, located, platformLabel, stepLabel, targetLabel, type Evaluation, type GraphOptions } from "./evaluation.ts";
import { evaluateCopy, evaluateWorkdir } from "./file-instructions.ts";
import { namedBase, namedTree } from "./named-base.ts";
import { checkCircles } from "./check-circles.ts";
import { checkNames, checkPlatform, stageNameFault } from "./check-names.ts";
import { findEpoch, withEpoch } from "./find-epoch.ts";
import { findNamed } from "./named-source.ts";
import { isPredefinedArg, platformArgs } from "./predefined-args.ts";
import { evaluateRun } from "./run-instruction.ts";
import { scanExtras, type ScanExtras } from "./scan-extras.ts";
import { inheritState, initialState, linkedState, type HistoryStep, type StageState } from "./stage-state.ts";
import { findTarget, namedStage, noteWait, stageNames } from "./find-stage.ts";
import { VertexPool, type Vertex } from "./vertex.ts";

/** What has to be done for the target, and what the image around it will say. */
export interface BuildGraph {
  /** The target's file system; undefined for `FROM scratch` with nothing in it. */
  readonly vertex: Vertex | undefined;
  readonly config: ContainerConfig;
  readonly author: string | undefined;
  readonly platform: Platform;
  readonly history: readonly HistoryStep[];
  readonly baseVertex: Vertex | undefined;
  /** Index of the stage that was asked for. */
  readonly targetIndex: number;
  readonly warnings: readonly string[];
  /** SOURCE_DATE_EPOCH, in seconds: times of the image and of outputs are no later. */
  readonly epoch: number | undefined;
  readonly scanExtras: ScanExtras;
}

/**
 * Turns a Dockerfile into vertices. Only stages that the target needs are evaluated, each once.
 * @throws TARGET_NOT_FOUND, STAGE_ORDER, STAGE_CIRCULAR, STAGE_INDEX_INVALID, INSTRUCTION_LATER, …; each with the place in the Dockerfile.
 */
export async function buildGraph(dockerfile: Dockerfile, options: GraphOptions): Promise<BuildGraph> {
  const targetStage = options.target?.toLowerCase() || (dockerfile.stages.at(-1)!.name ?? "default");
  const written = evaluateGlobals(dockerfile, options, targetStage);
  options.observer?.globals(written, defaultGlobals(dockerfile, options, targetStage));
  const targetIndex = findTarget(dockerfile, options.target);
  const { observer: _, ...unobserved } = options;
  const epoch = await findEpoch(options.buildArgs.get("SOURCE_DATE_EPOCH") ?? written.get("SOURCE_DATE_EPOCH"), dockerfile, () =>
    startEvaluation(dockerfile, { ...unobserved, buildArgs: withEpoch(options.buildArgs, undefined) }, { globals: withEpoch(written, undefined), epoch: undefined, pool: new VertexPool() }));
  const settled = { ...options, buildArgs: withEpoch(options.buildArgs, epoch) };
  const evaluation = startEvaluation(dockerfile, settled, { globals: withEpoch(written, epoch), epoch, pool: options.pool ?? new VertexPool() });
  checkCircles(dockerfile, evaluation);
  if (options.allStages) for (const { index } of dockerfile.stages) await evaluation.stageState(index, undefined);
  const state = await evaluation.stageState(targetIndex, undefined);
  checkNames(dockerfile, evaluation);
  if (options.labels.size > 0) state.config.Labels = { ...state.config.Labels, ...Object.fromEntries(options.labels) };
  return {
    vertex: state.vertex,
    config: state.config,
    author: state.author,
    platform: options.implicitPlatform ? state.platform : options.platform,
    history: state.history,
    baseVertex: state.baseVertex,
    targetIndex,
    warnings: unusedBuildArgs(dockerfile, options),
    epoch,
    scanExtras: scanExtras(state, await Promise.all(evaluation.states.values()), evaluation.globals),
  };
}

function startEvaluation(dockerfile: Dockerfile, options: GraphOptions, { globals, epoch, pool }: Pick<Evaluation, "globals" | "epoch" | "pool">): Evaluation {
  const states = new Map<number, Promise<StageState>>();
  const waits = new Map<number, Set<number>>();
  const names = stageNames(dockerfile);
  // Stages look back, so there are circles only where a named context is a stage (`target:`).
  const mayCircle = [...(options.contexts?.values() ?? [])].some(({ kind }) => kind === "stage");
  const evaluation: Evaluation = {
    options,
    escape: dockerfile.escape,
    pool,
    globals,
    epoch,
    states,
    stageCount: dockerfile.stages.length,
    stageNames: [...names.keys()],
    findStage: (name, before = Infinity) => names.get(name)?.findLast((index) => index < before) ?? -1,
    stageState: (index, asker) => {
      if (asker && mayCircle) noteWait(waits, asker.stage, dockerfile.stages[index]!);
      let state = states.get(index);
      if (!state) states.set(index, (state = evaluateStage(evaluation, dockerfile, dockerfile.stages[index]!)));
      return state;
    },
    imageVertex: async (name, location, asker) => {
      const named = findNamed(options.contexts, name, options.platform);
      if (name === "scratch" || named?.kind === "scratch") return undefined;
      if (named?.kind === "stage") return (await evaluation.stageState(namedStage(dockerfile, named.name), asker)).vertex;
      if (named?.kind === "image") return (await resolveImage(evaluation, named.reference, options.platform, location, `[context ${name}] ${named.reference}`)).vertex;
      if (named) return namedTree(evaluation, name, named, location);
      return (await resolveImage(evaluation, name, options.platform, location, `[context ${name}] load from registry`)).vertex;
    },
  };
  return evaluation;
}

/** Global ARGs in order: each sees the ones before it. */
function evaluateGlobals(dockerfile: Dockerfile, options: GraphOptions, targetStage: string): Map<string, string> {
  const globals = platformArgs(options.platform, options.buildPlatform, targetStage);
  for (const name of globals.keys()) {
    const given = options.buildArgs.get(name);
    if (given !== undefined) globals.set(name, given);
  }
  for (const { args, location } of dockerfile.globalArgs) {
    for (const { name, value: written } of args) {
      const given = options.buildArgs.get(name);
      const value = given ?? (written === undefined ? undefined : located(location, () => expand(written, globals, { escape: dockerfile.escape }).value));
      if (value !== undefined) globals.set(name, value);
    }
  }
  return globals;
}

/** Global ARGs as if no build arg had been given. */
function defaultGlobals(dockerfile: Dockerfile, options: GraphOptions, targetStage: string): Map<string, string> | undefined {
  const platform = new Set(platformArgs(options.platform, options.buildPlatform, targetStage).keys());
  try {
    return evaluateGlobals(dockerfile, { ...options, buildArgs: new Map([...options.buildArgs].filter(([name]) => platform.has(name))) }, targetStage);
  } catch (error) {
    if (isFault(error)) return undefined;
    throw error;
  }
}

async function evaluateStage(evaluation: Evaluation, dockerfile: Dockerfile, stage: Stage): Promise<StageState> {
  await undefined; // a long chain of stages would be as many calls within each other
  const label = stage.name ?? `stage-${stage.index}`;
  const replaced = stage.name !== undefined && findNamed(evaluation.options.contexts, stage.name, evaluation.options.platform) !== undefined;
  if (replaced) return baseState(evaluation, dockerfile, stage, { label, name: stage.name!, platform: evaluation.options.platform });
  const { state, triggers } = await startStage(evaluation, dockerfile, stage, label);
  const instructions = [...triggers, ...stage.instructions];
  state.stepTotal = instructions.filter(({ kind }) => isStep(kind)).length + state.stepIndex;
  evaluation.options.observer?.stage?.(state);
  for (const instruction of instructions) {
    evaluation.options.observer?.instruction(state, instruction);
    await evaluateInstruction(evaluation, state, instruction);
  }
  return state;
}

function isStep(kind: Instruction["kind"]): boolean {
  return kind === "run" || kind === "copy" || kind === "add" || kind === "workdir";
}

/** The state before the first instruction, and the ONBUILD triggers of its base, which run first. */
async function startStage(
  evaluation: Evaluation,
  dockerfile: Dockerfile,
  stage: Stage,
  label: string,
): Promise<{ state: StageState; triggers: Instruction[] }> {
  const { location } = stage;
  const expandGlobal = (word: string): string => located(location, () => expand(word, evaluation.globals, { escape: evaluation.escape }).value);
  const name = expandGlobal(stage.base);
  if (name === "") throw fault("BASE_NAME_BLANK", { written: stage.base }, { location });
  const platform = stage.platform === undefined ? evaluation.options.platform : stagePlatform(evaluation, stage.platform, location);
  const baseIndex = evaluation.findStage(name, stage.index);
  const linked = evaluation.options.linked?.(name);
  const state = linked ? linkedState(stage, label, linked)
    : baseIndex >= 0 ? inheritState(await evaluation.stageState(baseIndex, { stage }), stage, label)
    : await baseState(evaluation, dockerfile, stage, { label, name, platform });
  const triggers = (state.config.OnBuild ?? []).map((trigger) => parseTrigger(trigger, { location }));
  state.triggers = triggers;
  delete state.config.OnBuild;
  return { state, triggers };
}

/** The state of a stage upon what a name means that is no stage above it: nothing, a named context or an image. */
async function baseState(
  evaluation: Evaluation, dockerfile: Dockerfile, stage: Stage, { label, name, platform }: { label: string; name: string; platform: Platform },
): Promise<StageState> {
  const { location } = stage;
  const named = findNamed(evaluation.options.contexts, name, platform);
  if (named?.kind === "stage") return inheritState(await evaluation.stageState(namedStage(dockerfile, named.name), { stage }), stage, label);
  const nothing = { vertex: undefined, config: { WorkingDir: "/" }, history: [], diffIds: [] };
  if (name === "scratch" || named?.kind === "scratch") return initialState(stage, label, platform, nothing);
  if (named && named.kind !== "image") {
    const vertex = namedBase(evaluation, name, named, { location, platform });
    const state = initialState(stage, label, platform, { ...nothing, vertex });
    state.history.push({ kind: "layer", createdBy: undefined, vertex });
    return state;
  }
  const total = stage.instructions.filter(({ kind }) => isStep(kind)).length + 1;
  const where = platformLabel(evaluation, platform) + stepLabel(evaluation.stageCount, { label, stepIndex: 1, stepTotal: total });
  const { vertex, base } = await resolveImage(evaluation, named?.reference ?? name, platform, location, `[${targetLabel(evaluation.options)}${where}] FROM `);
  const { os, architecture, variant } = base.config;
  evaluation.options.observer?.base({ name, location, expected: platform, actual: { os, architecture, ...(variant ? { variant } : {}) } });
  const state = initialState(stage, label, platform, {
    vertex,
    config: base.config.config ?? {},
    ...(base.config.author ? { author: base.config.author } : {}),
    history: base.config.history ?? [],
    diffIds: base.config.rootfs.diff_ids,
  });
  state.stepIndex = 1;
  return state;
}

function stagePlatform({ options, globals, escape }: Evaluation, written: string, location: SourceLocation): Platform {
  return located(location, () => {
    const { value, unmatched } = expand(written, globals, { escape });
    if (value === "") throw fault("PLATFORM_BLANK", { written, suggestion: [...unmatched].map((name) => suggest(name, globals.keys())).find(Boolean) });
    checkPlatform(value, written, location);
    return parsePlatform(value, options.buildPlatform);
  });
}

async function resolveImage(evaluation: Evaluation, name: string, platform: Platform, location: SourceLocation, label: string) {
  let base;
  try {
    base = await evaluation.options.resolveBase(name, platform);
  } catch (problem) {
    const error = stageNameFault(problem, name);
    const suggestion = isFault(error) && !isFault(error, "INTERRUPTED") && name.length > 2 ? suggest(name.toLowerCase(), evaluation.stageNames) : undefined;
    throw located(location, () => { throw suggestion === undefined ? error : fault("BASE_OR_STAGE_NOT_FOUND", { problem: (error as Error).message, suggestion }, { cause: error }); });
  }
  const diffIds = base.config.rootfs.diff_ids;
  const vertex = diffIds.length === 0
    ? undefined
    : evaluation.pool.add({ kind: "image", reference: base.reference, platform, diffIds }, [], {
        name: label.endsWith("FROM ") ? `${label}${base.reference}` : label, location, ignoreCache: false, slot: `image ${name} ${formatPlatform(platform)}`,
      });
  return { vertex, base };
}

async function evaluateInstruction(evaluation: Evaluation, state: StageState, instruction: Instruction): Promise<void> {
  const { location } = instruction;
  switch (instruction.kind) {
    case "add":
    case "copy": return evaluateCopy(evaluation, state, instruction);
    case "run": return evaluateRun(evaluation, state, instruction);
    case "workdir": return evaluateWorkdir(evaluation, state, instruction);
    case "env": return evaluateEnv(evaluation, state, instruction);
    case "arg": return evaluateArg(evaluation, state, instruction);
    case "label": return evaluateLabel(evaluation, state, instruction);
    case "cmd": return evaluateCmd(state, instruction);
    case "entrypoint": return evaluateEntrypoint(state, instruction);
    case "healthcheck": return evaluateHealthcheck(state, instruction);
    case "expose": return evaluateExpose(evaluation, state, instruction);
    case "volume": return evaluateVolume(evaluation, state, instruction);
    case "shell": return evaluateShell(state, instruction);
    case "user": {
      state.config.User = expandIn(evaluation, state, instruction.value, location);
      return note(state, `USER ${state.config.User}`);
    }
    case "stopsignal": {
      const signal = expandIn(evaluation, state, instruction.value, location);
      located(location, () => checkSignal(signal));
      state.config.StopSignal = signal;
      return note(state, `STOPSIGNAL ${signal}`);
    }
    case "maintainer": {
      state.author = instruction.value;
      return note(state, `MAINTAINER ${instruction.value}`);
    }
    case "onbuild": {
      (state.config.OnBuild ??= []).push(instruction.trigger);
      return;
    }
  }
}

/** Build args that no ARG of the Dockerfile takes up, as a warning. */
function unusedBuildArgs(dockerfile: Dockerfile, { buildArgs }: GraphOptions): string[] {
  const declared = new Set(
    [...dockerfile.globalArgs, ...dockerfile.stages.flatMap(({ instructions }) => instructions.filter((instruction) => instruction.kind === "arg"))]
      .flatMap(({ args }) => args.map(({ name }) => name)),
  );
  const predefined = platformArgs({ os: "", architecture: "" }, { os: "", architecture: "" }, "");
  const unused = [...buildArgs.keys()].filter((name) => !declared.has(name) && !isPredefinedArg(name) && !predefined.has(name)).sort();
  return unused.length === 0 ? [] : [`One or more build-args [${unused.join(" ")}] were not consumed`];
}
