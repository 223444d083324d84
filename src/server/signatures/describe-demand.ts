import type { SignatureRule } from "../config/signatures-section.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";

/** What the rules demand of a repository, a sentence for each that covers it. */
export function describeDemands(rules: readonly SignatureRule[], repository: string): readonly string[] {
  return rules.filter(({ repositories }) => repositories.some((pattern) => repositoryPattern(pattern)(repository))).map(({ repositories, keys }) =>
    `${repositories.join(", ")} serves only images with a signature of cosign ${keys === undefined ? "by anybody" : `by ${keyNames(keys).join(" or ")}`}; who may push or sign there gets everything`);
}

/** Keys by their files; those that the configuration holds itself have no name. */
export function keyNames(keys: readonly string[]): readonly string[] {
  return [...new Set(keys.map((key) => (key.includes("-----BEGIN") ? "a key of the configuration" : key)))];
}
