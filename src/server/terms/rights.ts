/**
 * What can be allowed in a repository. `push` stores content and sets tags that are not there, `retag` moves a tag
 * to another manifest, `delete` removes tags, manifests and blobs, `sign` attaches signatures, for which nobody needs `push`, `scan` reports (nothing asks for it yet),
 * `admin` changes the settings of the repository.
 */
export const RIGHTS = ["pull", "push", "retag", "delete", "sign", "scan", "admin"] as const;

export type Right = (typeof RIGHTS)[number];

/** The roles that are always there. */
export const ROLES: Readonly<Record<string, readonly Right[]>> = {
  reader: ["pull"],
  writer: ["pull", "push", "retag", "sign"],
  maintainer: ["pull", "push", "retag", "delete", "sign", "scan"],
  admin: RIGHTS,
};
