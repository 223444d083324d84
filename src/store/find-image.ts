import { isDigest, type Digest } from "../oci/digest.ts";
import { familiarReference, formatRepository, parseReference, type Reference } from "../oci/reference.ts";
import { fault, isFault } from "../std/fault.ts";
import type { Database } from "./database.ts";

/**
 * The ids of the images that a text may mean, in Docker's order: a whole id, a name, the beginning of an id. Several only where
 * they begin so.
 */
export function imageIdsOf(database: Database, text: string): readonly Digest[] {
  const exact = isDigest(text) ? byPrefix(database, text)[0] : undefined;
  const found = exact ?? byName(database, text);
  if (found !== undefined) return [found];
  const hex = /^(?:sha256:)?([a-f0-9]{1,64})$/.exec(text)?.[1];
  return hex === undefined ? [] : byPrefix(database, `sha256:${hex}`);
}

/**
 * The id of the image that a text means.
 * @throws IMAGE_NOT_FOUND with names that are near, IMAGE_AMBIGUOUS
 */
export function findImageId(database: Database, text: string): Digest {
  const [id, ...others] = imageIdsOf(database, text);
  if (id === undefined) throw fault("IMAGE_NOT_FOUND", { reference: text, near: nearNames(database, text) });
  if (others.length > 0) throw fault("IMAGE_AMBIGUOUS", { reference: text, matches: [id, ...others].map((each) => each.slice(7, 19)) });
  return id;
}

function byName(database: Database, text: string): Digest | undefined {
  const reference = tryReference(text);
  if (reference === undefined) return undefined;
  const repository = formatRepository(reference);
  if (reference.digest !== undefined) {
    return database.get<{ image: Digest }>(
      "SELECT image FROM image_repo_digest JOIN image ON image.id = image WHERE repo_digest = ? AND state = 1",
      `${repository}@${reference.digest}`,
    )?.image ?? platformOf(database, repository, reference.digest);
  }
  return database.get<{ image: Digest }>("SELECT image FROM image_name WHERE name = ?", `${repository}:${reference.tag}`)?.image;
}

/** The image of an index of that repository that has this manifest. */
function platformOf(database: Database, repository: string, manifest: Digest): Digest | undefined {
  return database.get<{ image: Digest }>(
    `SELECT image_part.image FROM image_part JOIN image_repo_digest ON image_repo_digest.image = index_id JOIN image ON image.id = index_id
     WHERE image_part.manifest = ? AND image_part.image IS NOT NULL AND state = 1 AND substr(repo_digest, 1, instr(repo_digest, '@') - 1) = ? LIMIT 1`,
    manifest, repository,
  )?.image;
}

function byPrefix(database: Database, prefix: string): Digest[] {
  // A range instead of LIKE, so that the primary key answers; "g" sorts after every hexadecimal digit.
  return database
    .all<{ id: Digest }>("SELECT id FROM image WHERE id >= ? AND id < ? AND state = 1 ORDER BY id LIMIT 5", prefix, `${prefix}g`)
    .map((row) => row.id);
}

/** Up to three names that the text may have meant: other tags of the repository first, then names with few letters changed. */
function nearNames(database: Database, text: string): string[] {
  const wanted = tryReference(text);
  if (wanted === undefined) return [];
  const spelled = familiarReference(wanted);
  return database
    .all<{ name: string }>("SELECT name FROM image_name")
    .map(({ name }) => parseReference(name))
    .map((reference) => ({
      name: familiarReference(reference),
      distance: formatRepository(reference) === formatRepository(wanted) ? 0 : editDistance(familiarReference(reference), spelled),
    }))
    .filter(({ distance }) => distance < 3)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

function tryReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isFault(error, "REFERENCE_INVALID")) return undefined;
    throw error;
  }
}

/** Levenshtein's distance: how many letters to insert, remove or change. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(change, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
