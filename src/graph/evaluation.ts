import type { SourceTime } from "./find-epoch.ts";
import { hideLogin } from "../context/git-url.ts";
import { expand } from "../dockerfile/expand.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import type { ImageConfig } from "../oci/image-config.ts";
import { formatPlatform, platformMatches, type Platform } from "../oci/platform.ts";
import { fault, withLocation, type SourceLocation } from "../std/fault.ts";
import type { BuildGraph } from "./build-graph.ts";
import type { NamedSource } from "./named-source.ts";
import type { StageState } from "./stage-state.ts";
import type { Operation, RunOperation, Vertex, VertexPool } from "./vertex.ts";

/** A base image as the graph needs it: its pinned name and its config. */
export interface ResolvedBase {
  /** `docker.io/library/alpine:3.20@sha256:…` */
  readonly reference: string;
  readonly config: ImageConfig;
}

/** Looks on while a graph is made, for the build checks. */
export interface GraphObserver {
  /** Global ARGs, with build args and without; undefined where a default cannot be expanded. */
  globals(globals: ReadonlyMap<string, string>, defaults: ReadonlyMap<string, string> | undefined): void;
  /** A base image was found. */
  base(facts: { readonly name: string; readonly location: SourceLocation; readonly expected: Platform; readonly actual: Platform }): void;
  /** An instruction is about to change the stage. */
  instruction(state: StageState, instruction: Instruction): void;
  /** A stage begins; its state changes until its last instruction. */
  stage?(state: StageState): void;
}

export interface GraphOptions {
  readonly target?: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  /** What is built for. */
  readonly platform: Platform;
  /** What builds. */
  readonly buildPlatform: Platform;
  /** Nobody said what to build for: the image is for what its base is for. */
  readonly implicitPlatform?: boolean;
  /** Whether the names of steps say what they are for, since there are several. */
  readonly namePlatforms?: boolean;
  readonly labels: ReadonlyMap<string, string>;
  readonly noCache: boolean;
  /** Stage names, lower case, whose RUN, COPY and ADD ignore the cache. */
  readonly noCacheFilter: ReadonlySet<string>;
  readonly network: "default" | "none" | "host";
  /** What RUN may have besides what every container has. */
  readonly allow?: ReadonlySet<Entitlement>;
  readonly extraHosts: readonly { readonly name: string; readonly ip: string }[];
  /** Limits that every RUN gets. */
  readonly limits?: Pick<RunOperation, "shmSize" | "ulimits">;
  /** Tells builds of different projects apart, so that a miss is compared with the same step of the same project. */
  readonly scope: string;
  /** What the target is called in names of steps, where several are built at once. */
  readonly name?: string;
  /** Where work is looked up and noted; targets that are built at once share it. */
  readonly pool?: VertexPool;
  /** Other targets that this one uses as if they were images, by the names that it has for them. */
  readonly linked?: (name: string) => BuildGraph | undefined;
  /** When a context from elsewhere was made, in seconds since the epoch; SOURCE_DATE_EPOCH=context means that. */
  readonly contextTime?: number;
  /** Asks when something from elsewhere was made, for SOURCE_DATE_EPOCH. */
  readonly sourceTime?: SourceTime;
  /** What --build-context puts in place of images and stages, by name. */
  readonly contexts?: ReadonlyMap<string, NamedSource>;
  /** Finds a base image by the name in FROM or --from. */
  readonly resolveBase: (name: string, platform: Platform) => Promise<ResolvedBase>;
  readonly observer?: GraphObserver;
  /** Evaluate every stage, also those that the target does not need. */
  readonly allStages?: boolean;
}

/** Rights that a RUN gets by a flag of its own, and only where the person who builds allows it. */
export type Entitlement = "network.host" | "security.insecure";

/** What the evaluation of one instruction has at hand besides the state that it changes. */
export interface Evaluation {
  readonly options: GraphOptions;
  readonly escape: string;
  readonly pool: VertexPool;
  readonly globals: ReadonlyMap<string, string>;
  /** SOURCE_DATE_EPOCH: nothing that is made is younger. */
  readonly epoch: number | undefined;
  /** Those that were asked for so far, by their indexes. */
  readonly states: ReadonlyMap<number, Promise<StageState>>;
  /** The state of another stage by its index, evaluated when first asked for. @throws STAGE_CIRCULAR */
  readonly stageState: (index: number, asker: Pick<StageState, "stage"> | undefined) => Promise<StageState>;
  /** The file system of an image that is not a stage. */
  readonly imageVertex: (name: string, location: SourceLocation, asker: Pick<StageState, "stage">) => Promise<Vertex | undefined>;
  /** Index of the last stage of that name, in front of another one if that is given; -1 when there is none. */
  readonly findStage: (name: string, before?: number) => number;
  readonly stageCount: number;
  readonly stageNames: readonly string[];
}

/** Expands variables in a word of an instruction; errors carry the instruction's place. */
export function expandIn(evaluation: Evaluation, state: StageState, word: string, location: SourceLocation): string {
  return located(location, () => expand(word, state.env, { escape: evaluation.escape }).value);
}

export function located<Result>(location: SourceLocation, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw withLocation(error, location);
  }
}

/** Refuses what the language knows and this version does not execute. */
export function refuse(feature: string, location: SourceLocation): never {
  throw fault("INSTRUCTION_LATER", { feature }, { location });
}

/**
 * Adds the vertex of an instruction and makes it the stage's file system.
 * @param shown.hidden variables whose values the step's name must not show
 */
export function addStep(
  evaluation: Evaluation,
  state: StageState,
  instruction: Instruction,
  operation: Operation,
  inputs: readonly (Vertex | undefined)[],
  shown: { readonly suffix?: string; readonly hidden?: ReadonlySet<string> } = {},
): Vertex {
  const { options } = evaluation;
  state.stepIndex += 1;
  const filtered = state.stage.name !== undefined && options.noCacheFilter.has(state.stage.name);
  const vertex = evaluation.pool.add(operation, inputs, {
    name: stepName(evaluation, state, instruction, shown.hidden) + (shown.suffix ?? ""),
    location: instruction.location,
    ignoreCache: operation.kind !== "mkdir" && (options.noCache || filtered),
    slot: `${options.scope}/${state.label}/${state.stepIndex}/${instruction.kind}${foreignSlot(options)}`,
  });
  state.vertex = vertex;
  return vertex;
}

/** Builds for several platforms are not compared with each other. */
function foreignSlot({ platform, buildPlatform }: GraphOptions): string {
  return platformMatches(buildPlatform, platform) ? "" : ` for ${formatPlatform(platform)}`;
}

/** `[builder 2/4] COPY a b`; variables that are set are filled in, the stage's name is left out where there is one stage. */
function stepName(evaluation: Evaluation, state: StageState, instruction: Instruction, hidden: ReadonlySet<string> | undefined): string {
  const env = hidden === undefined || hidden.size === 0 ? state.env : new Map([...state.env, ...[...hidden].map((name): [string, string] => [name, "****"])]);
  const text = expandForDisplay(evaluation, env, instruction.original);
  return `[${targetLabel(evaluation.options)}${platformLabel(evaluation, state.platform)}${stepLabel(evaluation.stageCount, state)}] ${hideLogin(text)}`;
}

export function targetLabel({ name }: Pick<GraphOptions, "name">): string {
  return name === undefined ? "" : `${name} `;
}

/** `linux/arm64 `, or `linux/amd64->arm64 ` for what runs on one platform and builds for another (BuildKit's prefixCommand). */
export function platformLabel({ options }: Pick<Evaluation, "options">, platform: Platform): string {
  if (!options.namePlatforms) return "";
  const [own, target] = [formatPlatform(platform), formatPlatform(options.platform)];
  if (own === target) return `${own} `;
  return `${own}->${platform.os === options.platform.os ? target.slice(target.indexOf("/") + 1) : target} `;
}

export function stepLabel(stageCount: number, state: Pick<StageState, "label" | "stepIndex" | "stepTotal">): string {
  const index = String(state.stepIndex).padStart(String(state.stepTotal).length, " ");
  return `${stageCount > 1 ? `${state.label} ` : ""}${index}/${state.stepTotal}`;
}

function expandForDisplay(evaluation: Evaluation, env: ReadonlyMap<string, string>, original: string): string {
  const line = original.split("\n", 1)[0]!.trim();
  const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  try {
    return `${word.toUpperCase()} ${expand(rest, env, { escape: evaluation.escape, rawQuotes: true, rawEscapes: true, skipUnset: true }).value}`;
  } catch {
    return `${word.toUpperCase()} ${rest}`;
  }
}
