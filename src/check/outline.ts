import { posix } from "node:path";
import { csvFields } from "../dockerfile/csv-fields.ts";
import { expand } from "../dockerfile/expand.ts";
import type { ArgInstruction, Dockerfile, Instruction, Stage } from "../dockerfile/instruction.ts";
import type { StageState } from "../graph/stage-state.ts";
import type { SourceLocation } from "../std/fault.ts";

/** What a target asks of those who build it. */
export interface Outline {
  readonly name?: string;
  readonly description?: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineNeed[];
  readonly ssh: readonly OutlineNeed[];
}

export interface OutlineArg {
  readonly name: string;
  readonly description?: string;
  readonly value?: string;
  readonly location: SourceLocation;
}

export interface OutlineNeed {
  readonly name: string;
  readonly required: boolean;
  readonly location: SourceLocation;
}

export interface OutlineFacts {
  readonly dockerfile: Dockerfile;
  readonly target: Stage;
  readonly globals: ReadonlyMap<string, string>;
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Stages that the target needs, as they stand at their ends. */
  readonly states: ReadonlyMap<number, StageState>;
}

/** Build args, secrets and SSH agents of a target and of the stages that it needs, by lines. */
export function outline(facts: OutlineFacts): Outline {
  const stages = [...facts.states.keys()].sort((a, b) => b - a).map((index) => facts.dockerfile.stages[index]!);
  const args = new Map<string, OutlineArg>();
  for (const stage of stages) for (const arg of argsOf(facts, stage)) if (!args.has(arg.name)) args.set(arg.name, arg);
  const mounts = stages.flatMap((stage) => instructionsOf(facts, stage).flatMap(mountsOf));
  const { name, description } = facts.target;
  return {
    ...(name === undefined ? {} : { name }),
    ...(description ? { description } : {}),
    args: byLine(args.values()),
    secrets: byLine(firstOf(mounts.filter(({ type }) => type === "secret"))),
    ssh: byLine(firstOf(mounts.filter(({ type }) => type === "ssh"))),
  };
}

/** ARGs of a stage, with what they are where they are declared; and the global ones that its FROM needs. */
function argsOf(facts: OutlineFacts, stage: Stage): OutlineArg[] {
  const { dockerfile, globals, buildArgs, states } = facts;
  const values = new Map(states.get(stage.index)!.args.map(({ name, value }) => [name, value]));
  const known = new Map(dockerfile.globalArgs.flatMap((instruction) => definitions(instruction, globals)));
  const used = new Set(usedInFrom(dockerfile, stage, globals));
  for (const instruction of instructionsOf(facts, stage)) {
    if (instruction.kind !== "arg") continue;
    for (const [name, info] of definitions(instruction, values)) {
      used.add(name);
      const isInherited = globals.has(name) && !buildArgs.has(name) && instruction.args.some((arg) => arg.name === name && arg.value === undefined);
      if (!isInherited) known.set(name, info);
    }
  }
  return [...used].flatMap((name) => known.get(name) ?? []);
}

function instructionsOf({ states }: OutlineFacts, stage: Stage): readonly Instruction[] {
  return [...states.get(stage.index)!.triggers, ...stage.instructions];
}

function definitions(instruction: ArgInstruction, values: ReadonlyMap<string, string | undefined>): [string, OutlineArg][] {
  return instruction.args.map(({ name, comment }) => {
    const value = values.get(name);
    return [name, { name, ...(comment ? { description: comment } : {}), ...(value ? { value } : {}), location: instruction.location }];
  });
}

/** Global ARGs in FROM, and those in their defaults. */
function usedInFrom(dockerfile: Dockerfile, { base, platform }: Stage, globals: ReadonlyMap<string, string>): Set<string> {
  const used = new Set<string>();
  const visit = (word: string): void => {
    for (const name of expand(word, globals, { escape: dockerfile.escape }).used) {
      if (used.has(name)) continue;
      used.add(name);
      for (const { args } of dockerfile.globalArgs) for (const arg of args) if (arg.name === name && arg.value !== undefined) visit(arg.value);
    }
  };
  visit(base);
  visit(platform ?? "");
  return used;
}

function mountsOf(instruction: Instruction): (OutlineNeed & { readonly type: string })[] {
  if (instruction.kind !== "run") return [];
  return instruction.mounts.map((mount) => {
    const fields = new Map(csvFields(mount, "mounts").map((field) => {
      const [key = "", ...value] = field.split("=");
      return [key.toLowerCase(), value.length === 0 ? "true" : value.join("=")] as const;
    }));
    const type = fields.get("type") ?? "bind";
    const target = fields.get("target") ?? fields.get("dst") ?? fields.get("destination");
    const name = fields.get("id") ?? fields.get("source") ?? fields.get("src") ?? (type === "ssh" ? "default" : posix.basename(target ?? ""));
    return { type, name, required: /^(?:1|t|true)$/i.test(fields.get("required") ?? ""), location: instruction.location };
  });
}

/** Of needs with one name the first one of the last stage counts. */
function firstOf(needs: readonly OutlineNeed[]): Iterable<OutlineNeed> {
  const found = new Map<string, OutlineNeed>();
  for (const need of needs) if (!found.has(need.name)) found.set(need.name, need);
  return found.values();
}

function byLine<Item extends { readonly location: SourceLocation }>(items: Iterable<Item>): Item[] {
  return [...items].sort((a, b) => a.location.startLine - b.location.startLine);
}
