import { sentenceOf, type Why } from "../../std/why.ts";
import type { SignatureRule } from "../config/signatures-section.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";

/** What a rule demands of images before readers get them. */
export const DEMANDS = {
  signedByAnybody: "{repositories} serves only images with a signature of cosign by anybody; who may push or sign there gets everything",
  signedBy: "{repositories} serves only images with a signature of cosign by {keys}; who may push or sign there gets everything",
} as const;

/** What the rules demand of a repository, by a code for each that covers it. */
export function demandsOn(rules: readonly SignatureRule[], repository: string): readonly Why<keyof typeof DEMANDS>[] {
  return rules.filter(({ repositories }) => repositories.some((pattern) => repositoryPattern(pattern)(repository))).map(({ repositories, keys }) => {
    const values = { repositories: repositories.join(", ") };
    return keys === undefined ? { code: "signedByAnybody", values } : { code: "signedBy", values: { ...values, keys: keyNames(keys).join(" or ") } };
  });
}

/** The same in sentences. */
export function describeDemands(rules: readonly SignatureRule[], repository: string): readonly string[] {
  return demandsOn(rules, repository).map((why) => sentenceOf(DEMANDS, why));
}

/** Keys by their files; those that the configuration holds itself have no name. */
export function keyNames(keys: readonly string[]): readonly string[] {
  return [...new Set(keys.map((key) => (key.includes("-----BEGIN") ? "a key of the configuration" : key)))];
}
