import type { Database } from "./cataloguer.ts";
import type { FoundPackage, Parsed } from "./package.ts";
import type { RootFile, RootFiles } from "./root-files.ts";

/**
 * Finds the layer that brought each package of a database's file. Every layer that installs something writes the whole file again, so
 * it is the lowest one since which all of them list the package, in that version. Each layer's own file is read once.
 */
export function withBringingLayers(root: RootFiles, database: Database, file: RootFile, parsed: Parsed): Parsed {
  const layers = new Map(parsed.packages.map((found) => [keyOf(found), root.layerOf(file)]));
  let open: ReadonlySet<string> = new Set(layers.keys());
  const [, ...before] = root.versions(file.path);
  for (const version of before) {
    if (open.size === 0) break;
    const listed = new Set(database.parse(root, version)?.packages.map(keyOf));
    const layer = root.layerOf(version);
    open = new Set([...open].filter((key) => listed.has(key)));
    for (const key of open) layers.set(key, layer);
  }
  return { ...parsed, packages: parsed.packages.map((found) => ({ ...found, layer: layers.get(keyOf(found))! })) };
}

function keyOf({ name, version, architecture = "" }: FoundPackage): string {
  return `${name} ${version} ${architecture}`;
}
