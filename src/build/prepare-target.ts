import { resolve } from "node:path";
import { startChecks, type CheckWarning } from "../check/checker.ts";
import type { DockerfileSource } from "../context/find-dockerfile.ts";
import { remoteContext } from "../context/remote-context.ts";
import { parseDockerfile } from "../dockerfile/parse-dockerfile.ts";
import { buildGraph, type BuildGraph } from "../graph/build-graph.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import type { OnProgress } from "../std/progress.ts";
import { turn } from "../std/turn.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuildSession } from "./build-session.ts";
import { OpenUploads } from "./open-uploads.ts";
import { epochOf, isRewritten, namesOf, planOutputs, type OutputPlan } from "./outputs.ts";
import { isNative } from "../exec/emulation/architectures.ts";
import { planPlatforms, refuseSeveral, type PlatformPlan } from "./plan-platforms.ts";
import { cacheReferences } from "./plan-packing.ts";
import { PushAhead } from "./push-ahead.ts";
import { graphOptionsOf, openTarget, type AboutTarget } from "./read-target.ts";
import { tellChecks } from "./tell-checks.ts";

/** A target that is ready to be built: read, evaluated and planned. */
export interface PreparedTarget {
  readonly name: string | undefined;
  readonly options: BuildOptions;
  readonly plan: OutputPlan;
  /** Full references that the image gets. */
  readonly names: readonly string[];
  readonly platforms: PlatformPlan;
  /** One for each platform. */
  readonly graphs: readonly BuildGraph[];
  /** Tells its contexts from those of others. */
  readonly scope: string;
  readonly dockerfile: DockerfileSource;
  /** What build checks found in its Dockerfile. */
  readonly checks: readonly CheckWarning[];
  /** Takes blobs on their way to registries as they are made. */
  readonly ahead: PushAhead;
  /** The same for caches in registries, where it writes any. */
  readonly cacheAhead: PushAhead | undefined;
  readonly onProgress: OnProgress;
}

/**
 * Reads a target's context and Dockerfile and makes its graph.
 * @param about.linked other targets by the names that this one has for them, which are prepared already
 */
export async function prepareTarget(
  session: BuildSession,
  options: BuildOptions,
  about: AboutTarget,
): Promise<PreparedTarget> {
  const platforms = planPlatforms(options);
  const plan = planOutputs(options, platforms.several);
  if (platforms.several) refuseSeveral(plan.outputs);
  const names = (options.tags ?? []).map((tag) => formatReference(parseReference(tag)));
  const { store, client, sandboxes, access } = session;
  const { signal } = access;
  const onProgress = about.name === undefined ? access.onProgress : named(about.name, access.onProgress);
  const { cacheTo = [] } = options;
  const opened = session.own(new OpenUploads(client, signal));
  const ahead = session.own(new PushAhead({ store, client, opened, names: plan.outputs.flatMap((output) => (output.type === "registry" ? namesOf(output, names) : [])), signal }));
  const cacheAhead = cacheTo.length === 0 ? undefined : session.own(new PushAhead({ store, client, names: cacheReferences(cacheTo), signal }));
  const connect = async (): Promise<void> => {
    for (const each of [ahead, cacheAhead]) each?.prepare();
    await turn();
  };
  // A sandbox that the first step waits for takes longer to start than most registries take to answer.
  const willRun = options.noCache === true && platforms.platforms.some((platform) => isNative(platform));
  const sandboxFirst = willRun && isLocal(options.context) && isLocal(options.file);
  if (!sandboxFirst) await connect();
  const { context, scope, contexts } = await openTarget(session, options);
  if (!sandboxFirst) await turn();
  const dockerfile = parseDockerfile(context.dockerfile.source, { file: context.dockerfile.file });
  if (willRun && dockerfile.stages.some(({ instructions }) => instructions.some(({ kind }) => kind === "run"))) await sandboxes.expect();
  if (sandboxFirst) await connect();
  const graphOptions = graphOptionsOf(session, await withGitLabels(options, context.root, signal), { ...about, scope, contexts, contextTime: context.modified, onProgress });
  const { buildArgs } = graphOptions[0]!;
  // What a Dockerfile says is the same for all platforms; what its base images are for is not.
  const checker = startChecks(dockerfile, { buildArgs, ignore: context.excludes });
  const graphs = await Promise.all(graphOptions.map((each, index) => buildGraph(dockerfile, { ...each, observer: index === 0 ? checker.observer : checker.basesOnly })))
    .finally(() => tellChecks(checker.warnings(), dockerfile.file, onProgress));
  checker.refuse();
  for (const message of new Set(graphs.flatMap((graph) => graph.warnings))) onProgress({ type: "warning", message });
  if (plan.outputs.some((output) => isRewritten(output) && (epochOf(output, graphs[0]!.epoch) ?? -1) < 0)) onProgress({ type: "warning", message: "rewrite-timestamp is specified, but no source-date-epoch was found that files can have" });
  for (const { vertex } of graphs) sandboxes.plan(vertex);
  await turn();
  return { name: about.name, options, plan, names, platforms, graphs, scope, dockerfile: context.dockerfile, checks: checker.warnings(), ahead, cacheAhead, onProgress };
}

/** Whether a context or Dockerfile lies on this machine's disk. */
function isLocal(place = "."): boolean {
  return place !== "-" && !remoteContext(place);
}

async function withGitLabels(options: BuildOptions, root: string, signal: AbortSignal): Promise<BuildOptions> {
  const { context, file, cwd = process.cwd(), gitLabels = false, gitCheckDirty, labels } = options;
  if (!gitLabels || !isLocal(context)) return options;
  const { gitLabelsOf } = await import("../fetch/git-facts.ts");
  const dockerfile = file && isLocal(file) ? resolve(cwd, file) : undefined;
  return { ...options, labels: { ...(await gitLabelsOf({ context: root, dockerfile }, { checkDirty: gitCheckDirty, signal })), ...labels } };
}

/** Tells steps of several targets apart that are not in any graph. */
function named(name: string, onProgress: OnProgress): OnProgress {
  return (event) => {
    if (event.type === "warning") return onProgress({ ...event, message: `${name}: ${event.message}` });
    if (event.id.startsWith("sha256:")) return onProgress(event);
    onProgress(event.type === "step" ? { ...event, id: `${name} ${event.id}`, name: `[${name}] ${event.name}` } : { ...event, id: `${name} ${event.id}` });
  };
}
