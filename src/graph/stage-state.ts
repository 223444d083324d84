import type { ContainerConfig, HistoryEntry } from "../oci/image-config.ts";
import type { Platform } from "../oci/platform.ts";
import type { Digest } from "../oci/digest.ts";
import type { Instruction, Stage } from "../dockerfile/instruction.ts";
import type { BuildGraph } from "./build-graph.ts";
import type { Vertex } from "./vertex.ts";

export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** One line of an image's history while its layers are still to be made. */
export type HistoryStep =
  | { readonly kind: "inherited"; readonly entry: HistoryEntry }
  /** `stack` is the whole file system with that layer on top, where the layer is made without what lies below (COPY --link). */
  | { readonly kind: "layer"; /** Undefined for the files of a named context that is built upon. */ readonly createdBy: string | undefined; readonly vertex: Vertex; readonly stack?: Vertex }
  | { readonly kind: "empty"; readonly createdBy: string };

/** Everything that instructions of a stage change, as it stands after the last one. */
export interface StageState {
  readonly stage: Stage;
  /** Name as progress and messages show it: its own, or `stage-<index>`. */
  readonly label: string;
  readonly platform: Platform;
  /** The file system; undefined is the empty one. */
  vertex: Vertex | undefined;
  config: ContainerConfig;
  author: string | undefined;
  /** Variables that expansion and RUN see: ENV and ARG, in the order of their last declaration. */
  env: Map<string, string>;
  /** ARGs in the order of their declaration, for the history of RUN; undefined = declared without value. */
  args: { readonly name: string; readonly value: string | undefined }[];
  history: HistoryStep[];
  /** diff ids of the base image's layers, bottom first. */
  baseDiffIds: readonly Digest[];
  baseVertex: Vertex | undefined;
  cmdIsSet: boolean;
  /** A WORKDIR has been met, here or in the stage that this one is built on. */
  workdirIsSet: boolean;
  /** What the ONBUILD triggers of the base are; they run before the stage's own instructions. */
  triggers: readonly Instruction[];
  stepIndex: number;
  stepTotal: number;
}

/**
 * A copy for a stage built FROM this one: same file system, config, history and variables. As in BuildKit, the config's variables are
 * set once more, so that they come after ARGs of the base and win over those of the same name.
 */
export function inheritState(base: StageState, stage: Stage, label: string): StageState {
  const state: StageState = {
    ...base,
    stage,
    label,
    config: structuredClone(base.config),
    env: new Map(base.env),
    args: [...base.args],
    history: [...base.history],
    cmdIsSet: false,
    triggers: [],
    stepIndex: 0,
    stepTotal: 0,
  };
  for (const entry of state.config.Env ?? []) setVariable(state, ...splitVariable(entry));
  return state;
}

/** The state of a stage on an image, or on nothing (`FROM scratch`). */
export function initialState(
  stage: Stage,
  label: string,
  platform: Platform,
  base: { vertex: Vertex | undefined; config: ContainerConfig; author?: string; history: readonly HistoryEntry[]; diffIds: readonly Digest[] },
): StageState {
  const config = structuredClone(base.config);
  config.Env = [...(config.Env ?? [])];
  if (!config.Env.some((entry) => entry.startsWith("PATH="))) config.Env.push(`PATH=${DEFAULT_PATH}`);
  return {
    stage,
    label,
    platform,
    vertex: base.vertex,
    config,
    author: base.author,
    env: new Map(config.Env.map(splitVariable)),
    args: [],
    history: base.history.map((entry) => ({ kind: "inherited", entry })),
    baseDiffIds: base.diffIds,
    baseVertex: base.vertex,
    cmdIsSet: false,
    workdirIsSet: false,
    stepIndex: 0,
    stepTotal: 0,
    triggers: [],
  };
}

/** The state of a stage on what another target makes: like one on a stage, but with the variables of its image only. */
export function linkedState(stage: Stage, label: string, { vertex, config, author, platform, history, baseVertex }: BuildGraph): StageState {
  const state = initialState(stage, label, platform, { vertex, config, ...(author === undefined ? {} : { author }), history: [], diffIds: [] });
  return { ...state, history: [...history], baseVertex };
}

/** Sets a variable for expansion and RUN; the latest declaration goes last. */
export function setVariable(state: StageState, name: string, value: string): void {
  state.env.delete(name);
  state.env.set(name, value);
}

/** Sets a variable of the image config, keeping the place of an earlier value. */
export function setConfigEnv(config: ContainerConfig, name: string, value: string): void {
  const env = (config.Env ??= []);
  const start = `${name}=`;
  const index = env.findIndex((entry) => entry.startsWith(start));
  if (index >= 0) env[index] = start + value;
  else env.push(start + value);
}

function splitVariable(entry: string): [string, string] {
  const equals = entry.indexOf("=");
  return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
}
