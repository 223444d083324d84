import { openContext, type BuildContext } from "../context/open-context.ts";
import type { BuildGraph } from "../graph/build-graph.ts";
import type { GraphOptions } from "../graph/evaluation.ts";
import { sha256 } from "../oci/digest.ts";
import { hostPlatform } from "../oci/platform.ts";
import { createArchivePort } from "./archive-port.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuildSession } from "./build-session.ts";
import { checkPlatform } from "./check-platform.ts";

export interface AboutTarget {
  readonly name: string | undefined;
  readonly linked?: (name: string) => BuildGraph | undefined;
}

/** Opens a target's context, with its Dockerfile, and notes it in the session. */
export async function openTarget({ store, access: { signal }, own, contexts }: BuildSession, options: BuildOptions): Promise<{ context: BuildContext; scope: string }> {
  const context = own(await openContext({
    context: options.context,
    ...(options.file === undefined ? {} : { file: options.file }),
    ...(options.stdin ? { stdin: options.stdin } : {}),
    cwd: options.cwd ?? process.cwd(),
    temporary: store.temporary,
    archives: createArchivePort(signal),
    signal,
  }));
  const scope = sha256(`${context.root}\0${context.dockerfile.file}`).slice(7, 23);
  contexts.set(scope, context);
  return { context, scope };
}

/** What a target's options mean for its graph. */
export function graphOptionsOf(session: BuildSession, options: BuildOptions, about: AboutTarget & { readonly scope: string }): GraphOptions {
  return {
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(about.name === undefined ? {} : { name: about.name }),
    ...(about.linked ? { linked: about.linked } : {}),
    buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
    platform: checkPlatform(options.platform),
    buildPlatform: hostPlatform(process.arch),
    labels: new Map(Object.entries(options.labels ?? {})),
    noCache: options.noCache ?? false,
    noCacheFilter: new Set((options.noCacheFilter ?? []).map((stage) => stage.toLowerCase())),
    network: options.network ?? "default",
    extraHosts: options.addHosts ?? [],
    scope: about.scope,
    pool: session.pool,
    resolveBase: session.resolver(options.pull ?? false).resolve,
  };
}
