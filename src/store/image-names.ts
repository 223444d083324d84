import type { Digest } from "../oci/digest.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { fault } from "../std/fault.ts";
import type { Database } from "./database.ts";

/** The names of images, each of which leads to one image, and where images lie in registries. */
export class ImageNames {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  of(image: Digest): string[] {
    return this.#column("SELECT name AS value FROM image_name WHERE image = ? ORDER BY name", image);
  }

  repoDigestsOf(image: Digest): string[] {
    return this.#column("SELECT repo_digest AS value FROM image_repo_digest WHERE image = ? ORDER BY repo_digest", image);
  }

  /** What that full name leads to. */
  imageOf(name: string): Digest | undefined {
    return this.#database.get<{ image: Digest }>("SELECT image FROM image_name WHERE name = ?", name)?.image;
  }

  /** Gives the image a full name, which another image loses. */
  set(image: Digest, name: string): void {
    this.#database.run("INSERT INTO image_name (name, image) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET image = excluded.image", name, image);
  }

  /** @returns whether there was such a full name */
  remove(name: string): boolean {
    return this.#database.run("DELETE FROM image_name WHERE name = ?", name).changes > 0;
  }

  /** @param repoDigest `host/repository@sha256:…` @throws REFERENCE_INVALID */
  addRepoDigest(image: Digest, repoDigest: string): void {
    const { host, repository, digest } = parseReference(repoDigest);
    if (digest === undefined) throw fault("REFERENCE_INVALID", { reference: repoDigest, problem: "it has no digest" });
    this.#database.run("INSERT OR IGNORE INTO image_repo_digest (repo_digest, image) VALUES (?, ?)", `${host}/${repository}@${digest}`, image);
  }

  #column(sql: string, image: Digest): string[] {
    return this.#database.all<{ value: string }>(sql, image).map((row) => row.value);
  }
}

/** `docker.io/library/app:latest` for `app`. @throws REFERENCE_INVALID */
export function fullName(name: string): string {
  const { digest, ...reference } = parseReference(name);
  if (digest !== undefined) throw fault("REFERENCE_INVALID", { reference: name, problem: "a name that an image gets has a tag and no digest" });
  return formatReference(reference);
}
