import { openContext, type BuildContext } from "../context/open-context.ts";
import { foreignFrontend } from "../dockerfile/foreign-frontend.ts";
import type { BuildGraph } from "../graph/build-graph.ts";
import type { GraphOptions } from "../graph/evaluation.ts";
import type { NamedSource } from "../graph/named-source.ts";
import { sha256 } from "../oci/digest.ts";
import { hostPlatform, type Platform } from "../oci/platform.ts";
import { createArchivePort } from "./archive-port.ts";
import type { BuildOptions } from "./build-options.ts";
import { contextKey, type BuildSession } from "./build-session.ts";
import { createRemotePort } from "./remote-port.ts";
import type { NamedContexts } from "./named-contexts.ts";
import type { OnProgress } from "../std/progress.ts";
import { createSourceTime } from "./source-time.ts";
import { planPlatforms } from "./plan-platforms.ts";

export interface AboutTarget {
  readonly name: string | undefined;
  readonly linked?: (name: string, platform: Platform) => BuildGraph | undefined;
}

/** What a target reads, opened and noted in the session. */
export interface OpenTarget {
  readonly context: BuildContext;
  readonly scope: string;
  readonly contexts: ReadonlyMap<string, NamedSource>;
}

/** Opens a target's contexts, with its Dockerfile, and notes them in the session. */
export async function openTarget(session: BuildSession, options: BuildOptions): Promise<OpenTarget> {
  const { store, access, own, contexts } = session;
  const { signal } = access;
  const cwd = options.cwd ?? process.cwd();
  const context = own(await openContext({
    context: options.context,
    ...(options.file === undefined ? {} : { file: options.file }),
    ...(options.stdin ? { stdin: options.stdin } : {}),
    cwd,
    temporary: store.temporary,
    archives: createArchivePort(signal),
    remote: createRemotePort(store, session.remote(options.noCache ?? false), access),
    keepGitDir: isSwitchedOn(options.buildArgs?.["BUILDKIT_CONTEXT_KEEP_GIT_DIR"]),
    signal,
  }));
  const named = await namedContextsOf(options, cwd);
  const scope = sha256([context.place, context.dockerfile.file, ...[...named.folders.values()].map(({ root }) => root)].join("\0")).slice(7, 23);
  contexts.set(contextKey({ scope, name: "context" }), context);
  for (const [name, folder] of named.folders) contexts.set(contextKey({ scope, name: `context:${name}` }), folder);
  const foreign = foreignFrontend(new TextDecoder().decode(context.dockerfile.source), options.buildArgs?.["BUILDKIT_SYNTAX"]);
  if (foreign !== undefined) access.onProgress({ type: "warning", message: `the frontend ${foreign} is not run: the Dockerfile is read as one of docker/dockerfile` });
  return { context, scope, contexts: named.sources };
}

async function namedContextsOf({ buildContexts = {} }: BuildOptions, cwd: string): Promise<NamedContexts> {
  if (Object.keys(buildContexts).length === 0) return { sources: new Map(), folders: new Map() };
  return (await import("./named-contexts.ts")).openNamedContexts(buildContexts, cwd);
}

/** As Go reads it; anything else is no. */
function isSwitchedOn(value: string | undefined): boolean {
  return /^(?:1|t|true)$/i.test(value ?? "");
}

/** What a target's options mean for its graphs, one for each platform. */
export function graphOptionsOf(session: BuildSession, options: BuildOptions, about: AboutTarget & Pick<OpenTarget, "scope" | "contexts"> & { readonly contextTime?: number | undefined; readonly onProgress?: OnProgress }): readonly GraphOptions[] {
  const { platforms, implicit } = planPlatforms(options);
  return platforms.map((platform) => ({
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(about.name === undefined ? {} : { name: about.name }),
    ...(about.linked ? { linked: (name: string) => about.linked!(name, platform) } : {}),
    buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
    platform,
    buildPlatform: hostPlatform(process.arch),
    implicitPlatform: implicit,
    namePlatforms: platforms.length > 1,
    labels: new Map(Object.entries(options.labels ?? {})),
    noCache: options.noCache ?? false,
    noCacheFilter: new Set((options.noCacheFilter ?? []).map((stage) => stage.toLowerCase())),
    network: options.network ?? "default",
    allow: new Set(options.allow ?? []),
    extraHosts: options.addHosts ?? [],
    limits: { ...(options.shmSize === undefined ? {} : { shmSize: options.shmSize }), ...(options.ulimits?.length ? { ulimits: options.ulimits } : {}) },
    scope: about.scope,
    pool: session.pool,
    contexts: about.contexts,
    ...(about.contextTime === undefined ? {} : { contextTime: about.contextTime }),
    sourceTime: createSourceTime(session, { noCache: options.noCache ?? false, onProgress: about.onProgress ?? session.access.onProgress }),
    resolveBase: session.resolver(options.pull ?? false, !implicit).resolve,
  }));
}
