import { dirname, resolve } from "node:path";
import { remoteContext } from "../../context/remote-context.ts";
import { placeIn, workTreeOf } from "../../fetch/git-work-tree.ts";
import { contextKey, type BuildSession } from "../build-session.ts";
import type { PreparedTarget } from "../prepare-target.ts";

/** Which commit of which repository the context is, by the names that buildx has for it. */
export type VersionControl = Readonly<Record<string, string>>;

/** What git says of a context that is a folder of this machine; nothing for others, and where it is not wanted. */
export async function versionControlOf({ options, scope }: Pick<PreparedTarget, "options" | "scope">, { contexts, access }: BuildSession): Promise<VersionControl> {
  const { context, file, cwd = process.cwd(), gitInfo = true } = options;
  if (!gitInfo || context === "-" || remoteContext(context)) return {};
  const { root } = contexts.get(contextKey({ scope, name: "context" }))!;
  const tree = await workTreeOf(root, access.signal);
  if (!tree) return {};
  const { revision, source } = tree;
  const places = { context: placeIn(tree, root), dockerfile: file === "-" ? undefined : placeIn(tree, file ? dirname(resolve(cwd, file)) : root) };
  return {
    ...Object.fromEntries(Object.entries(places).flatMap(([name, place]) => (place === undefined ? [] : [[`localdir:${name}`, place]]))),
    ...(revision === undefined ? {} : { revision }), ...(source === undefined ? {} : { source }),
  };
}
