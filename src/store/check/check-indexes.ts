import type { Digest } from "../../oci/digest.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { dropImage, loseParts, readParts, type IndexPart } from "../image-parts.ts";
import type { RemovalPlace } from "../removal.ts";
import { goneWith, titleOf } from "./gone-image.ts";
import type { Finding } from "./problem.ts";

/** Whether every index is there, with the manifests of what it lists and is here; what is not here is no mistake. */
export function checkIndexes(place: RemovalPlace, hasBlob: (digest: Digest) => boolean): Finding[] {
  const { database } = place;
  return database.all<{ id: Digest }>("SELECT id FROM image WHERE state = 1 AND manifest = id ORDER BY id").flatMap(({ id }): Finding[] => {
    const title = titleOf(place, id);
    const isThere = (image: Digest): boolean => database.get("SELECT 1 FROM image WHERE id = ? AND state = 1", image) !== undefined;
    const present = readParts(database, id).filter((part) => part.present);
    const lost = present.filter(({ descriptor, image }) => !hasBlob(descriptor.digest) || (image !== undefined && !isThere(image)));
    const left = present.some((part) => part.image !== undefined && !lost.includes(part));
    if (!hasBlob(id) || !left) return [goneWith(place, id, `index ${title} ${hasBlob(id) ? "has lost all its images" : "is lost itself"}`, title)];
    return lost.length === 0 ? [] : [withoutParts(place, { id, title, lost })];
  });
}

function withoutParts({ database }: RemovalPlace, { id, title, lost }: { id: Digest; title: string; lost: readonly IndexPart[] }): Finding {
  const names = lost.map(({ descriptor: { platform, digest } }) => (platform && platform.os !== "unknown" ? formatPlatform(platform) : digest)).join(", ");
  return {
    what: `index ${title} has lost the manifest of ${names}`,
    repair: "the index stays without it",
    loses: `${names} of ${title}: pull, load or build it again`,
    fix: () => {
      loseParts(database, id, lost.map(({ descriptor }) => descriptor.digest));
      for (const { image } of lost) {
        if (image !== undefined && database.get("SELECT 1 FROM image_name WHERE image = ?", image) === undefined) dropImage(database, image);
      }
      return true;
    },
  };
}
