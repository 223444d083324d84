import { rmSync } from "node:fs";
import fc from "fast-check";
import { anyContextEdit, anyPatterns, anyTree, editContext, writeContext, type ContextEdit, type Entry } from "./contexts.ts";
import { anyDockerfile, anyFrom, anyStep, type DockerfileModel, type Images, type StageModel, type Step } from "./dockerfiles.ts";

/** What is built first, and what is changed before each further build. */
export interface Case {
  readonly tree: readonly Entry[];
  readonly patterns: readonly string[];
  readonly dockerfile: DockerfileModel;
  readonly edits: readonly Edit[];
}

export type Edit =
  | ContextEdit
  | { readonly kind: "step"; readonly how: "replace" | "insert" | "remove" | "move"; readonly stage: number; readonly at: number; readonly step: Step }
  | { readonly kind: "from"; readonly stage: number; readonly from: string | number }
  | { readonly kind: "stages"; readonly one: number; readonly other: number }
  | { readonly kind: "argument"; readonly value: string | null }
  | { readonly kind: "target"; readonly stage: number | null }
  /** All is as it was at first, in new files. */
  | { readonly kind: "back" };

/** Where a case stands. */
export interface State {
  readonly dockerfile: DockerfileModel;
  /** Of the argument `A`. */
  readonly argument: string | null;
  readonly target: number | null;
}

export function anyCase(images: Images, edits: number): fc.Arbitrary<Case> {
  const edit: fc.Arbitrary<Edit> = fc.oneof(
    { weight: 8, arbitrary: anyContextEdit },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("step" as const), how: fc.constantFrom("replace", "insert", "remove", "move"), stage: fc.nat(3), at: fc.nat(5), step: anyStep(images) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("from" as const), stage: fc.nat(3), from: anyFrom(images) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("stages" as const), one: fc.nat(3), other: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("argument" as const), value: fc.constantFrom(null, "1", "2", "") }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("target" as const), stage: fc.option(fc.nat(3)) }) },
    { weight: 1, arbitrary: fc.constant({ kind: "back" as const }) },
  );
  return fc.record({ tree: anyTree, patterns: anyPatterns, dockerfile: anyDockerfile(images), edits: fc.array(edit, { minLength: 1, maxLength: edits }) });
}

export function begin(folder: string, { tree, patterns, dockerfile }: Case): State {
  writeContext(folder, tree, patterns);
  return { dockerfile, argument: null, target: null };
}

/** Changes the context, or says what else is built from now on. */
export function apply(folder: string, edit: Edit, state: State, whole: Case): State {
  const { stages } = state.dockerfile;
  switch (edit.kind) {
    case "argument": return { ...state, argument: edit.value };
    case "back":
      rmSync(folder, { recursive: true });
      return begin(folder, whole);
    case "from": return withStage(state, edit.stage, (stage) => ({ ...stage, from: edit.from }));
    case "step": return withStage(state, edit.stage, (stage) => ({ ...stage, steps: withStep(stage.steps, edit) }));
    case "stages": {
      const [one, other] = [edit.one % stages.length, edit.other % stages.length];
      return { ...state, dockerfile: { ...state.dockerfile, stages: stages.map((stage, index) => (index === one ? stages[other]! : index === other ? stages[one]! : stage)) } };
    }
    case "target":
      if ("stage" in edit) return { ...state, target: edit.stage };
      break;
  }
  editContext(folder, edit);
  return state;
}

function withStage(state: State, at: number, change: (stage: StageModel) => StageModel): State {
  const { stages } = state.dockerfile;
  return { ...state, dockerfile: { ...state.dockerfile, stages: stages.map((stage, index) => (index === at % stages.length ? change(stage) : stage)) } };
}

function withStep(steps: readonly Step[], { how, at, step }: Extract<Edit, { kind: "step" }>): Step[] {
  const place = at % (steps.length + (how === "insert" ? 1 : 0) || 1);
  if (how === "insert") return steps.toSpliced(place, 0, step);
  if (how === "remove") return steps.toSpliced(place, 1);
  if (how === "replace") return steps.toSpliced(place, 1, step);
  return steps.length === 0 ? [] : [...steps.toSpliced(place, 1), steps[place]!];
}
