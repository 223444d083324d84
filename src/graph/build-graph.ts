import type { Dockerfile, Instruction, Stage } from "../dockerfile/instruction.ts";
import { expand } from "../dockerfile/expand.ts";
import { parseTrigger } from "../dockerfile/parse-trigger.ts";
import { suggest } from "../dockerfile/suggest.ts";
import type { ContainerConfig } from "../oci/image-config.ts";
import { formatPlatform, parsePlatform, platformMatches, type Platform } from "../oci/platform.ts";
import { fault, isFault, type SourceLocation } from "../std/fault.ts";
import {
  checkSignal, evaluateArg, evaluateCmd, evaluateEntrypoint, evaluateEnv, evaluateExpose, evaluateHealthcheck, evaluateLabel, evaluateShell,
  evaluateVolume, note,
} from "./config-instructions.ts";
import { expandIn, located, stepLabel, targetLabel, type Evaluation, type GraphOptions } from "./evaluation.ts";
import { evaluateCopy, evaluateWorkdir } from "./file-instructions.ts";
import { isPredefinedArg, platformArgs } from "./predefined-args.ts";
import { evaluateRun } from "./run-instruction.ts";
import { inheritState, initialState, linkedState, type HistoryStep, type StageState } from "./stage-state.ts";
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
}

/**
 * Turns a Dockerfile into vertices. Only stages that the target needs are evaluated, each once.
 * @throws TARGET_NOT_FOUND, STAGE_ORDER, STAGE_CIRCULAR, STAGE_INDEX_INVALID, INSTRUCTION_LATER, …; each with the place in the Dockerfile.
 */
export async function buildGraph(dockerfile: Dockerfile, options: GraphOptions): Promise<BuildGraph> {
  const targetStage = options.target?.toLowerCase() || (dockerfile.stages.at(-1)!.name ?? "default");
  const globals = evaluateGlobals(dockerfile, options, targetStage);
  options.observer?.globals(globals, defaultGlobals(dockerfile, options, targetStage));
  const targetIndex = findTarget(dockerfile, options.target);
  const pool = options.pool ?? new VertexPool();
  const states = new Map<number, Promise<StageState>>();
  const evaluation: Evaluation = {
    options,
    escape: dockerfile.escape,
    pool,
    globals,
    stageCount: dockerfile.stages.length,
    findStage: (name) => dockerfile.stages.findLastIndex((stage) => stage.name === name),
    stageState: (index) => {
      let state = states.get(index);
      if (!state) states.set(index, (state = evaluateStage(evaluation, dockerfile, dockerfile.stages[index]!)));
      return state;
    },
    imageVertex: async (name, location) => {
      if (name === "scratch") return undefined;
      return (await resolveImage(evaluation, name, options.platform, location, `[context ${name}] load from registry`)).vertex;
    },
  };
  if (options.allStages) for (const { index } of dockerfile.stages) await evaluation.stageState(index, undefined as never);
  const state = await evaluation.stageState(targetIndex, undefined as never);
  if (options.labels.size > 0) state.config.Labels = { ...state.config.Labels, ...Object.fromEntries(options.labels) };
  return {
    vertex: state.vertex,
    config: state.config,
    author: state.author,
    platform: state.platform,
    history: state.history,
    baseVertex: state.baseVertex,
    targetIndex,
    warnings: unusedBuildArgs(dockerfile, options),
  };
}

function findTarget({ stages }: Dockerfile, target: string | undefined): number {
  if (target === undefined || target === "") return stages.length - 1;
  const index = stages.findLastIndex((stage) => stage.name === target.toLowerCase());
  if (index >= 0) return index;
  const names = stages.flatMap(({ name }) => name ?? []);
  throw fault("TARGET_NOT_FOUND", { target, suggestion: suggest(target, names), stages: names });
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
  const label = stage.name ?? `stage-${stage.index}`;
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
  const platform = stagePlatform(evaluation, stage.platform === undefined ? undefined : expandGlobal(stage.platform), location);
  const baseIndex = dockerfile.stages.findLastIndex((other) => other.index < stage.index && other.name === name);
  const linked = evaluation.options.linked?.(name);
  let state: StageState;
  if (linked) {
    state = linkedState(stage, label, linked);
  } else if (baseIndex >= 0) {
    state = inheritState(await evaluation.stageState(baseIndex, undefined as never), stage, label);
  } else if (name === "scratch") {
    state = initialState(stage, label, platform, { vertex: undefined, config: { WorkingDir: "/" }, history: [], diffIds: [] });
  } else {
    const total = stage.instructions.filter(({ kind }) => isStep(kind)).length + 1;
    const where = stepLabel(evaluation.stageCount, { label, stepIndex: 1, stepTotal: total });
    const { vertex, base } = await resolveImage(evaluation, name, platform, location, `[${targetLabel(evaluation.options)}${where}] FROM `);
    const { os, architecture, variant } = base.config;
    evaluation.options.observer?.base({ name, location, expected: platform, actual: { os, architecture, ...(variant ? { variant } : {}) } });
    state = initialState(stage, label, platform, {
      vertex,
      config: base.config.config ?? {},
      ...(base.config.author ? { author: base.config.author } : {}),
      history: base.config.history ?? [],
      diffIds: base.config.rootfs.diff_ids,
    });
    state.stepIndex = 1;
  }
  const triggers = (state.config.OnBuild ?? []).map((trigger) => located(location, () => parseTrigger(trigger)));
  delete state.config.OnBuild;
  return { state, triggers };
}

function stagePlatform({ options }: Evaluation, written: string | undefined, location: SourceLocation): Platform {
  if (!written) return options.platform;
  const platform = located(location, () => parsePlatform(written, options.buildPlatform));
  if (!platformMatches(options.buildPlatform, platform)) {
    throw fault("PLATFORM_FOREIGN", { platform: formatPlatform(platform), host: formatPlatform(options.buildPlatform) }, { location });
  }
  return platform;
}

async function resolveImage(evaluation: Evaluation, name: string, platform: Platform, location: SourceLocation, label: string) {
  let base;
  try {
    base = await evaluation.options.resolveBase(name, platform);
  } catch (error) {
    throw located(location, () => { throw error; });
  }
  const diffIds = base.config.rootfs.diff_ids;
  const vertex = diffIds.length === 0
    ? undefined
    : evaluation.pool.add({ kind: "image", reference: base.reference, platform, diffIds }, [], {
        name: label.endsWith("FROM ") ? `${label}${base.reference}` : label, location, ignoreCache: false, slot: `image ${name}`,
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
      state.config.OnBuild = [...(state.config.OnBuild ?? []), instruction.trigger];
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
