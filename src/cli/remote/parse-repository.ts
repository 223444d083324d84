import { parseReference, type Reference } from "../../oci/reference.ts";
import { fault } from "../../std/fault.ts";

/** The repository that a word means, which must have no tag. @throws USAGE, REFERENCE_INVALID */
export function parseRepository(word: string): Reference {
  const { host, repository, tag, digest } = parseReference(word.replace(/^docker:\/\//, ""), { implicitTag: false });
  if (tag !== undefined || digest !== undefined) throw fault("USAGE", { problem: `${JSON.stringify(word)} names an image`, hint: "name the repository alone, without tag and digest" });
  return { host, repository };
}

/** The reference to a registry that a word means, with or without `docker://`. @throws REFERENCE_INVALID */
export function parseRemote(word: string): Reference {
  return parseReference(word.replace(/^docker:\/\//, ""));
}

/** A name to write to, which has a tag and no digest. @throws USAGE, REFERENCE_INVALID */
export function parseTagged(word: string): Reference {
  const reference = parseRemote(word);
  if (reference.digest !== undefined) throw fault("USAGE", { problem: `${JSON.stringify(word)} has a digest, which cannot be given another content`, hint: "name a tag" });
  return reference;
}
