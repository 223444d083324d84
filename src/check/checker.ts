import type { Dockerfile, Instruction } from "../dockerfile/instruction.ts";
import type { GraphObserver } from "../graph/evaluation.ts";
import { fault, type SourceLocation } from "../std/fault.ts";
import type { CheckRule, FilePhase, Finding } from "./rule.ts";
import { checkRules } from "./rules.ts";
import { isOn, parseCheckSettings, withComments } from "./settings.ts";

/** What a build check found. */
export interface CheckWarning {
  readonly rule: string;
  readonly description: string;
  readonly url?: string;
  readonly message: string;
  readonly location: SourceLocation;
}

/** Runs the checks beside the evaluation of a Dockerfile; nothing has to be built for them. */
export interface Checker {
  /** To be given to the graph. */
  readonly observer: GraphObserver;
  /** The same for further platforms, of which only the base images have anything new to say. */
  readonly basesOnly: GraphObserver;
  /** What was found so far, in the order of the file's reading and of its stages. */
  warnings(): readonly CheckWarning[];
  /** Rules that found something while the file asks for errors. @throws CHECK_FAILED */
  refuse(): void;
}

const PHASES: readonly FilePhase[] = ["lines", "words", "names", "casing", "defaults", "from"];

const ARGUMENT = "BUILDKIT_DOCKERFILE_CHECK";

/**
 * Starts the checks of a Dockerfile. Settings come from the build arg BUILDKIT_DOCKERFILE_CHECK or from the directive `# check=`.
 * @throws CHECK_OPTION
 */
export function startChecks(
  dockerfile: Dockerfile,
  { buildArgs, ignore }: { readonly buildArgs: ReadonlyMap<string, string>; readonly ignore: readonly string[] },
): Checker {
  // Of the directive, the text up to the first space counts.
  const given = buildArgs.get(ARGUMENT);
  const settings = given === undefined ? parseCheckSettings(dockerfile.directives.check?.split(" ", 1)[0] ?? "") : parseCheckSettings(given, ARGUMENT);
  const written: CheckWarning[] = [];
  const ofStages = new Map<number, CheckWarning[]>();
  const ofBases: CheckWarning[] = [];
  const seen = new Map<number, Instruction[]>();
  const stepRules = checkRules.filter(({ step }) => step !== undefined);

  const told = (rule: CheckRule, findings: readonly Finding[]): CheckWarning[] =>
    findings.filter(({ comments }) => isOn(withComments(settings, comments ?? []), rule)).map(({ message, location }) => ({
      rule: rule.name, description: rule.description, ...(rule.url === undefined ? {} : { url: rule.url }), message, location,
    }));

  const base: GraphObserver["base"] = (facts) => {
    for (const rule of checkRules) {
      const found = rule.base ? told(rule, rule.base(facts)) : [];
      ofBases.push(...found.filter((one) => !ofBases.some((other) => other.message === one.message && other.location.startLine === one.location.startLine)));
    }
  };

  return {
    basesOnly: { base, globals() {}, instruction() {} },
    observer: {
      base,
      globals(globals, defaults) {
        for (const phase of PHASES) {
          const found = checkRules.flatMap((rule) => (rule.file?.phase === phase ? told(rule, rule.file.find({ dockerfile, globals, defaults })) : []));
          written.push(...found.sort((a, b) => a.location.startLine - b.location.startLine));
        }
      },
      instruction(state, instruction) {
        const { index } = state.stage;
        const earlier = entry(seen, index);
        const facts = { instruction, state, earlier, escape: dockerfile.escape, buildArgs, ignore };
        const found = stepRules.flatMap((rule) => rule.step!(facts).map((finding) => ({ rule, finding })))
          .sort((a, b) => (a.finding.at ?? 0) - (b.finding.at ?? 0));
        entry(ofStages, index).push(...found.flatMap(({ rule, finding }) => told(rule, [finding])));
        earlier.push(instruction);
      },
    },
    warnings: () => [...written, ...ofBases, ...[...ofStages].sort(([a], [b]) => a - b).flatMap(([, found]) => found)],
    refuse() {
      const rules = new Set(this.warnings().map(({ rule }) => rule));
      if (settings.error && rules.size > 0) throw fault("CHECK_FAILED", { rules: [...rules] });
    },
  };
}

function entry<Item>(lists: Map<number, Item[]>, index: number): Item[] {
  let list = lists.get(index);
  if (list === undefined) lists.set(index, (list = []));
  return list;
}
