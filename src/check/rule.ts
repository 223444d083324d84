import type { Dockerfile, Instruction } from "../dockerfile/instruction.ts";
import type { StageState } from "../graph/stage-state.ts";
import type { Platform } from "../oci/platform.ts";
import type { SourceLocation } from "../std/fault.ts";

/** One build check. BuildKit's name, description and address, so that settings and editors know it; one hook that looks. */
export interface CheckRule {
  readonly name: string;
  readonly description: string;
  readonly url?: string;
  /** Only runs where `experimental=` asks for it. */
  readonly experimental?: boolean;
  /** Looks at the file as it is written. */
  readonly file?: { readonly phase: FilePhase; find(facts: FileFacts): readonly Finding[] };
  /** Looks at an instruction of a stage that is needed, just before it takes effect. */
  readonly step?: (facts: StepFacts) => readonly Finding[];
  /** Looks at the base image of a stage. */
  readonly base?: (facts: BaseFacts) => readonly Finding[];
}

/** Parts of the reading of a file, in the order in which their findings are told. */
export type FilePhase = "lines" | "words" | "names" | "casing" | "defaults" | "from";

export interface Finding {
  readonly message: string;
  readonly location: SourceLocation;
  /** Comments above the instruction, which may switch the rule off for it. */
  readonly comments?: readonly string[];
  /** Position within the instruction. */
  readonly at?: number;
}

export interface FileFacts {
  readonly dockerfile: Dockerfile;
  /** Global ARGs with their values, predefined ones included. */
  readonly globals: ReadonlyMap<string, string>;
  /** The same as if no build arg had been given; undefined where a default cannot be expanded. */
  readonly defaults: ReadonlyMap<string, string> | undefined;
}

export interface StepFacts {
  readonly instruction: Instruction;
  /** The stage as the instruction finds it. */
  readonly state: StageState;
  /** Instructions of this stage that ran before. */
  readonly earlier: readonly Instruction[];
  readonly escape: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Patterns of the ignore file. */
  readonly ignore: readonly string[];
}

export interface BaseFacts {
  /** The name in FROM, expanded. */
  readonly name: string;
  readonly location: SourceLocation;
  readonly expected: Platform;
  readonly actual: Platform;
}

/** Where the documentation of a rule of BuildKit is: its name in kebab case. */
export function ruleUrl(name: string): string {
  const slug = name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2").toLowerCase();
  return `https://docs.docker.com/go/dockerfile/rule/${slug}/`;
}
