import { openContext } from "../context/open-context.ts";
import { parseDockerfile } from "../dockerfile/parse-dockerfile.ts";
import { buildGraph, type BuildGraph } from "../graph/build-graph.ts";
import { sha256 } from "../oci/digest.ts";
import { formatPlatform, hostPlatform, parsePlatform, platformMatches, type Platform } from "../oci/platform.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { fault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import { createArchivePort } from "./archive-port.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuildSession } from "./build-session.ts";
import { planOutputs, type OutputPlan } from "./outputs.ts";
import { cacheReferences } from "./plan-packing.ts";
import { PushAhead } from "./push-ahead.ts";

/** A target that is ready to be built: read, evaluated and planned. */
export interface PreparedTarget {
  readonly name: string | undefined;
  readonly options: BuildOptions;
  readonly plan: OutputPlan;
  /** Full references that the image gets. */
  readonly names: readonly string[];
  readonly platform: Platform;
  readonly graph: BuildGraph;
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
  about: { readonly name: string | undefined; readonly linked?: (name: string) => BuildGraph | undefined },
): Promise<PreparedTarget> {
  const plan = planOutputs(options);
  const names = (options.tags ?? []).map((tag) => formatReference(parseReference(tag)));
  const platform = checkPlatform(options.platform);
  const { store, client, sandboxes, access } = session;
  const { signal } = access;
  const context = session.own(await openContext({
    context: options.context,
    ...(options.file === undefined ? {} : { file: options.file }),
    ...(options.stdin ? { stdin: options.stdin } : {}),
    cwd: options.cwd ?? process.cwd(),
    temporary: store.temporary,
    archives: createArchivePort(signal),
    signal,
  }));
  const scope = sha256(`${context.root}\0${context.dockerfile.file}`).slice(7, 23);
  session.contexts.set(scope, context);
  const dockerfile = parseDockerfile(context.dockerfile.source, { file: context.dockerfile.file });
  if (options.noCache && dockerfile.stages.some(({ instructions }) => instructions.some(({ kind }) => kind === "run"))) void sandboxes.expect();
  const graph = await buildGraph(dockerfile, {
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(about.name === undefined ? {} : { name: about.name }),
    ...(about.linked ? { linked: about.linked } : {}),
    buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
    platform,
    buildPlatform: hostPlatform(process.arch),
    labels: new Map(Object.entries(options.labels ?? {})),
    noCache: options.noCache ?? false,
    noCacheFilter: new Set((options.noCacheFilter ?? []).map((stage) => stage.toLowerCase())),
    network: options.network ?? "default",
    extraHosts: options.addHosts ?? [],
    scope,
    pool: session.pool,
    resolveBase: session.resolver(options.pull ?? false).resolve,
  });
  const onProgress = about.name === undefined ? access.onProgress : named(about.name, access.onProgress);
  for (const message of graph.warnings) onProgress({ type: "warning", message });
  sandboxes.plan(graph.vertex);
  const ahead = session.own(new PushAhead({ store, client, names: plan.outputs.some(({ type }) => type === "registry") ? names : [], signal }));
  ahead.prepare();
  const { cacheTo = [] } = options;
  const cacheAhead = cacheTo.length === 0 ? undefined : session.own(new PushAhead({ store, client, names: cacheReferences(cacheTo), signal }));
  cacheAhead?.prepare();
  return { name: about.name, options, plan, names, platform, graph, ahead, cacheAhead, onProgress };
}

/** Tells steps of several targets apart that are not in any graph. */
function named(name: string, onProgress: OnProgress): OnProgress {
  return (event) => {
    if (event.type === "warning") return onProgress({ ...event, message: `${name}: ${event.message}` });
    if (event.id.startsWith("sha256:")) return onProgress(event);
    onProgress(event.type === "step" ? { ...event, id: `${name} ${event.id}`, name: `[${name}] ${event.name}` } : { ...event, id: `${name} ${event.id}` });
  };
}

function checkPlatform(written: string | undefined): Platform {
  const host = hostPlatform(process.arch);
  if (written === undefined) return host;
  const wanted = parsePlatform(written, host);
  if (!platformMatches(host, wanted)) throw fault("PLATFORM_FOREIGN", { platform: formatPlatform(wanted), host: formatPlatform(host) });
  return wanted;
}
