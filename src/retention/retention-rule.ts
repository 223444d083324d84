/** What keeps a tag; one that holds is enough. Times in milliseconds. */
export interface Keep {
  /** The newest images by the time of their push; tags of one image count once. */
  readonly last?: number | undefined;
  /** The highest released versions (1.2.3), with the tags that lead to them (1.2, 1) and the variants that are not older (1.2.3-alpine); and as many of the newest dates (20240115, 2024-01-15). */
  readonly versions?: number | undefined;
  /** Every tag that is a version or a date. */
  readonly allVersions?: boolean | undefined;
  /** Tags by name, with wildcards. */
  readonly tags?: readonly string[] | undefined;
  readonly pushedWithin?: number | undefined;
  readonly pulledWithin?: number | undefined;
  /** What something refers to: a signature, an SBOM. */
  readonly signed?: boolean | undefined;
}

/** A rule speaks of some tags of some repositories: those that nothing keeps are to be deleted. */
export interface RetentionRule {
  readonly repositories: readonly string[];
  /** The tags that the rule speaks of, with wildcards; all without. */
  readonly tags?: readonly string[] | undefined;
  readonly keep: Keep;
}

/** A whole rule in one word: `last-3-versions`, `last-10-pushes`, `latest-and-versions`; undefined for another word. */
export function presetKeep(name: string): Keep | undefined {
  if (name === "latest-and-versions") return { allVersions: true, tags: ["latest"] };
  const [, count, what] = /^last-([1-9]\d{0,3})-(versions|pushes)$/.exec(name) ?? [];
  if (count === undefined) return undefined;
  return what === "versions" ? { versions: Number(count), tags: ["latest"] } : { last: Number(count) };
}
