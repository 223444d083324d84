import { startChecks, type CheckWarning } from "../check/checker.ts";
import type { OutlineFacts } from "../check/outline.ts";
import type { Dockerfile } from "../dockerfile/instruction.ts";
import { parseDockerfile } from "../dockerfile/parse-dockerfile.ts";
import { buildGraph, type BuildGraph } from "../graph/build-graph.ts";
import type { StageState } from "../graph/stage-state.ts";
import { isFault, type Fault } from "../std/fault.ts";
import type { BuildOptions } from "./build-options.ts";
import { openSession, type BuildSession } from "./build-session.ts";
import { graphOptionsOf, openTarget } from "./read-target.ts";

/** What is known of a Dockerfile when nothing has been built. */
export interface Inspection {
  readonly file: string;
  readonly source: string;
  readonly warnings: readonly CheckWarning[];
  /** What keeps it from being built; the rest is known as far as the reading came. */
  readonly error?: Fault;
  readonly dockerfile?: Dockerfile;
  readonly outline?: OutlineFacts;
}

/** A Dockerfile to look at, with the targets that FROM and --from may name in it. */
export interface InspectTarget {
  readonly options: BuildOptions;
  readonly linked?: ReadonlyMap<string, InspectTarget>;
}

/**
 * Reads a Dockerfile as for a build and evaluates its stages, all of them for `all` where no target is named. Base images are
 * looked up, in the store or with their manifest and config only; nothing runs.
 * @throws what openContext throws; a Dockerfile that cannot be built is told in `error`
 */
export async function inspectDockerfile({ options, linked }: InspectTarget, { depth }: { readonly depth: "text" | "target" | "all" }): Promise<Inspection> {
  await using session = await openSession(options, [options]);
  const { context, scope, contexts } = await openTarget(session, options);
  const { file } = context.dockerfile;
  const told = { file, source: new TextDecoder().decode(context.dockerfile.source) };
  const states = new Map<number, StageState>();
  let dockerfile: Dockerfile | undefined;
  let checker: ReturnType<typeof startChecks> | undefined;
  let outline: OutlineFacts | undefined;
  try {
    dockerfile = parseDockerfile(context.dockerfile.source, { file });
    if (depth !== "text") {
      const graphs = await linkedGraphs(session, linked);
      const graphOptions = graphOptionsOf(session, options, { name: undefined, scope, contexts, ...(graphs.size > 0 ? { linked: (name: string) => graphs.get(name.toLowerCase()) } : {}) })[0]!;
      checker = startChecks(dockerfile, { buildArgs: graphOptions.buildArgs, ignore: context.excludes });
      let globals: ReadonlyMap<string, string> = new Map();
      const { observer } = checker;
      const graph = await buildGraph(dockerfile, {
        ...graphOptions,
        allStages: depth === "all" && !options.target,
        observer: {
          base: observer.base,
          globals(values, defaults) { globals = values; observer.globals(values, defaults); },
          instruction: observer.instruction,
          stage: (state) => void states.set(state.stage.index, state),
        },
      });
      outline = { dockerfile, target: dockerfile.stages[graph.targetIndex]!, globals, buildArgs: graphOptions.buildArgs, states };
      checker.refuse();
    }
    return { ...told, dockerfile, warnings: checker?.warnings() ?? [], ...(outline ? { outline } : {}) };
  } catch (error) {
    if (!isFault(error) || session.access.signal.aborted) throw error;
    return { ...told, ...(dockerfile ? { dockerfile } : {}), warnings: checker?.warnings() ?? [], error };
  }
}

/** What other targets are, so far as those that stand on them ask. */
async function linkedGraphs(session: BuildSession, linked: ReadonlyMap<string, InspectTarget> = new Map()): Promise<Map<string, BuildGraph>> {
  const graphs = new Map<string, BuildGraph>();
  for (const [name, target] of linked) {
    const inner = await linkedGraphs(session, target.linked);
    const { context, scope, contexts } = await openTarget(session, target.options);
    const { file, source } = context.dockerfile;
    const [graphOptions] = graphOptionsOf(session, target.options, { name, scope, contexts, ...(inner.size > 0 ? { linked: (other: string) => inner.get(other.toLowerCase()) } : {}) });
    graphs.set(name.toLowerCase(), await buildGraph(parseDockerfile(source, { file }), graphOptions!));
  }
  return graphs;
}
