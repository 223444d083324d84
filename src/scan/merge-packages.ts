import { sortNames } from "../std/sort-names.ts";
import type { Evidence } from "./cataloguer.ts";
import type { Distribution } from "./distribution.ts";
import type { FoundPackage, Package } from "./package.ts";
import { packageUrl } from "./package-url.ts";

/**
 * One package for each package URL, with all places that tell of it, sorted.
 * @param onUnnamed called for those of which no package URL can be made
 */
export function mergePackages(evidence: readonly Evidence[], distribution: Distribution | undefined, onUnnamed: (place: string, found: FoundPackage) => void): Package[] {
  const merged = new Map<string, { found: FoundPackage; locations: Set<string> }>();
  for (const { path, packages } of evidence) {
    for (const found of packages) {
      const purl = packageUrl(found, distribution);
      if (purl === undefined) {
        onUnnamed(path, found);
        continue;
      }
      const known = merged.get(purl);
      if (!known) merged.set(purl, { found, locations: new Set([path]) });
      else {
        known.locations.add(path);
        // The lowest layer that has it brought it.
        if ((found.layer ?? 0) < (known.found.layer ?? 0)) known.found = { ...known.found, layer: found.layer! };
      }
    }
  }
  return sortNames([...merged.keys()]).map((purl) => {
    const { found, locations } = merged.get(purl)!;
    return { ...found, purl, locations: sortNames([...locations]) };
  });
}
