import type { Digest } from "../../oci/digest.ts";
import type { Contents } from "../../store/contents.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import { familiarName } from "../images/familiar-name.ts";
import type { PruneFilters } from "./prune-filters.ts";

export interface ImageChoice {
  /** To be called in the transaction that removes them. */
  choose(contents: Contents): Digest[];
  /** Docker's lines for those that were chosen. */
  lines(): string[];
}

/** Which images a prune removes: those without a name, or all that nothing uses; older ones with the right labels. */
export function imageChoice(images: readonly ImageRecord[], options: { readonly all: boolean; readonly filters: PruneFilters }): ImageChoice {
  const { all, filters: { until, labels } } = options;
  const wanted = new Map(images.filter((image) => (until === undefined || image.created < until) && labels(image.config.config?.Labels)).map((image) => [image.id, image]));
  let chosen: Digest[] = [];
  return {
    choose: (contents) => (chosen = contents.images
      .filter(({ id, named }) => wanted.has(id) && (all || !named) && !contents.inUse.images.has(id))
      .map(({ id }) => id)),
    lines: () => chosen.flatMap((id) => {
      const { names, repoDigests } = wanted.get(id)!;
      return [...[...names, ...repoDigests].map((name) => `untagged: ${familiarName(name)}`), `deleted: ${id}`];
    }),
  };
}
