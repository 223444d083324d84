import { resolve } from "node:path";
import { remoteContext } from "../context/remote-context.ts";
import { gitHeadOf } from "../fetch/git-head.ts";
import type { BuildAbout } from "../store/build-record.ts";
import type { BuildOptions } from "./build-options.ts";

/** The commit that the first of several builds is of, where its context is a folder of a repository and that is wanted. */
export async function commitOf([build]: readonly Pick<BuildOptions, "context" | "cwd" | "gitInfo" | "gitCheckDirty">[], signal: AbortSignal): Promise<Pick<BuildAbout, "commit">> {
  if (build === undefined || build.gitInfo === false || build.context === "-" || remoteContext(build.context)) return {};
  const folder = resolve(build.cwd ?? process.cwd(), build.context);
  const commit = gitHeadOf(folder);
  if (commit === undefined || build.gitCheckDirty !== true) return commit === undefined ? {} : { commit };
  const { gitFactsOf } = await import("../fetch/git-facts.ts");
  const { revision = commit.revision } = await gitFactsOf({ context: folder }, { checkDirty: true, signal });
  return { commit: { ...commit, revision } };
}
