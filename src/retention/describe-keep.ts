import type { Keep } from "./retention-rule.ts";

const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000]] as const;

/** What stays, in words: `the 3 highest versions, latest`. */
export function describeKeep({ last, versions, allVersions, tags, pushedWithin, pulledWithin, signed }: Keep): string {
  return [
    last !== undefined && `the last ${last} pushed`,
    versions !== undefined && `the ${versions} highest versions`,
    allVersions && "every version",
    tags?.join(", "),
    pushedWithin !== undefined && `what was pushed within ${span(pushedWithin)}`,
    pulledWithin !== undefined && `what was pulled within ${span(pulledWithin)}`,
    signed && "what something refers to",
  ].filter(Boolean).join(", ");
}

/** As it can be written in a configuration. */
function span(milliseconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => milliseconds % each === 0) ?? ["ms", 1];
  return `${milliseconds / size}${unit}`;
}
