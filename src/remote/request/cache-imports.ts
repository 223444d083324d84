import { resolve } from "node:path";
import type { TypedAttrs, WorkerBuild } from "../worker-build.ts";
import { layoutDigest } from "./inputs.ts";

/**
 * Where the worker looks for results, as the request and the frontend are told. Caches in folders of this machine are
 * read by way of the session. @throws FILE_PROBLEM
 */
export function cacheImports({ cacheFrom, cwd }: Pick<WorkerBuild, "cacheFrom" | "cwd">): { imports: TypedAttrs[]; attrs: Record<string, string>; layouts: Map<string, string> } {
  const layouts = new Map<string, string>();
  const imports = cacheFrom.map(({ type, attrs }) => {
    if (type !== "local") return { type, attrs };
    const { src = "", tag, digest, ...more } = attrs;
    layouts.set(`local:${src}`, resolve(cwd, src));
    return { type, attrs: { ...more, src, digest: digest ?? layoutDigest(resolve(cwd, src), tag) } };
  });
  const attrs: Record<string, string> = imports.length === 0 ? {} : { "cache-imports": JSON.stringify(imports.map(({ type, attrs: Attrs }) => ({ Type: type, Attrs }))) };
  return { imports, attrs, layouts };
}
