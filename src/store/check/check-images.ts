import { readFileSync } from "node:fs";
import type { Digest } from "../../oci/digest.ts";
import { parseImageConfig } from "../../oci/image-config.ts";
import { isFault } from "../../std/fault.ts";
import type { RemovalPlace } from "../removal.ts";
import { checkIndexes } from "./check-indexes.ts";
import { goneWith, isName, titleOf } from "./gone-image.ts";
import type { Finding } from "./problem.ts";

/** What is known to be lost by now, though it may not be repaired. */
export interface Lost {
  readonly blobs: ReadonlySet<Digest>;
  readonly snapshots: ReadonlySet<number>;
}

interface ImageRow {
  readonly id: Digest;
  readonly manifest: Digest | null;
}

/** Whether every image can be used: its config, its manifest, its layers, and that its names lead to it. */
export function checkImages(place: RemovalPlace, lost: Lost): Finding[] {
  const { database } = place;
  const hasBlob = (digest: Digest): boolean => !lost.blobs.has(digest) && database.get("SELECT 1 FROM blob WHERE digest = ? AND state = 1", digest) !== undefined;
  const findings: Finding[] = [];
  for (const image of database.all<ImageRow>("SELECT id, manifest FROM image WHERE state = 1 AND manifest IS NOT id ORDER BY id")) {
    const title = titleOf(place, image.id);
    const problem = hasBlob(image.id) ? layerProblem(place, image.id, { hasBlob, lost }) : "has lost its config";
    if (problem !== undefined) findings.push(goneWith(place, image.id, `image ${title} ${problem}`, title));
    else if (image.manifest !== null && !hasBlob(image.manifest)) findings.push(withoutManifest(place, { id: image.id, manifest: image.manifest, title }));
  }
  return [...findings, ...checkIndexes(place, hasBlob), ...checkNames(place)];
}

function layerProblem(place: RemovalPlace, id: Digest, { hasBlob, lost }: { hasBlob: (digest: Digest) => boolean; lost: Lost }): string | undefined {
  const { database, blobs } = place;
  let diffIds: readonly Digest[];
  try {
    diffIds = parseImageConfig(readFileSync(blobs.path(id))).rootfs.diff_ids;
  } catch (error) {
    if (isFault(error) || (error as NodeJS.ErrnoException).code === "ENOENT") return "has a config that cannot be read";
    throw error;
  }
  const layers = database.all<{ diff_id: Digest; chain_id: Digest }>("SELECT diff_id, chain_id FROM image_layer WHERE image = ? ORDER BY position", id);
  if (layers.map(({ diff_id: diffId }) => diffId).join() !== diffIds.join()) return "is recorded with other layers than its config has";
  if (database.get("SELECT 1 FROM image_repo_digest WHERE image = ?1 OR image IN (SELECT index_id FROM image_part WHERE image_part.image = ?1)", id) !== undefined) return undefined;
  const manifestBlobs = database.all<{ digest: Digest }>("SELECT digest FROM image_blob WHERE image = ?", id).map(({ digest }) => digest);
  for (const { diff_id: diffId, chain_id: chain } of layers) {
    const unpacked = database.all<{ id: number }>("SELECT id FROM snapshot WHERE chain_id = ? AND state = 1", chain).some((row) => !lost.snapshots.has(row.id));
    const packed = database.all<{ digest: Digest }>("SELECT digest FROM layer_blob WHERE diff_id = ?", diffId).some(({ digest }) => hasBlob(digest));
    // Which of the manifest's blobs a layer is, is only known once it was unpacked or packed here.
    const unknown = !packed && manifestBlobs.length === layers.length + 2 && manifestBlobs.every(hasBlob);
    if (!unpacked && !packed && !unknown) return `lacks the layer ${diffId}: it is neither packed nor unpacked here, and no registry is known`;
  }
  return undefined;
}

function withoutManifest({ database }: RemovalPlace, { id, manifest, title }: { id: Digest; manifest: Digest; title: string }): Finding {
  return {
    what: `image ${title} has lost its manifest ${manifest}`,
    repair: "the image gets a new manifest when it is pushed or saved",
    loses: "the digest by which registries know it",
    fix: () => {
      database.run("DELETE FROM image_blob WHERE image = ? AND digest <> ?", id, id);
      database.run("UPDATE image SET manifest = NULL, manifest_type = NULL WHERE id = ? AND manifest = ?", id, manifest);
      return true;
    },
  };
}

function checkNames({ database }: RemovalPlace): Finding[] {
  const rows = database.all<{ name: string; present: number }>(
    "SELECT name, EXISTS (SELECT 1 FROM image WHERE id = image AND state = 1) AS present FROM image_name ORDER BY name");
  return rows.flatMap(({ name, present }): Finding[] => {
    const valid = isName(name);
    if (present === 1 && valid) return [];
    return [{
      what: `the name ${JSON.stringify(name)} ${valid ? "leads to no image" : "is no name that an image can have"}`,
      repair: "it is removed",
      loses: "the name",
      fix: () => {
        database.run("DELETE FROM image_name WHERE name = ? AND NOT (? AND EXISTS (SELECT 1 FROM image WHERE id = image AND state = 1))", name, valid ? 1 : 0);
        return true;
      },
    }];
  });
}
