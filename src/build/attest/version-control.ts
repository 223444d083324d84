import { dirname, resolve } from "node:path";
import { remoteContext } from "../../context/remote-context.ts";
import { gitFactsOf } from "../../fetch/git-facts.ts";
import { contextKey, type BuildSession } from "../build-session.ts";
import type { PreparedTarget } from "../prepare-target.ts";

/** Which commit of which repository the context is, by the names that buildx has for it. */
export type VersionControl = Readonly<Record<string, string>>;

/** What git says of a context that is a folder of this machine; nothing for others, and where it is not wanted. */
export async function versionControlOf({ options, scope }: Pick<PreparedTarget, "options" | "scope">, { contexts, access }: BuildSession): Promise<VersionControl> {
  const { context, file, cwd = process.cwd(), gitInfo = true, gitCheckDirty } = options;
  if (!gitInfo || context === "-" || remoteContext(context)) return {};
  const { root } = contexts.get(contextKey({ scope, name: "context" }))!;
  return await gitFactsOf({ context: root, dockerfile: file === "-" ? undefined : file ? dirname(resolve(cwd, file)) : root }, { checkDirty: gitCheckDirty, signal: access.signal });
}
