import { compileGlob } from "../../std/glob.ts";
import { repositoryPattern } from "./repository-pattern.ts";

/** Whether a tag can never be moved or deleted once it is there. */
export type ImmutableTags = (repository: string, tag: string) => boolean;

export function immutableTags(rules: readonly { readonly repositories: readonly string[]; readonly tags: readonly string[] }[]): ImmutableTags {
  const compiled = rules.map(({ repositories, tags }) => ({ repositories: repositories.map(repositoryPattern), tags: tags.map(compileGlob) }));
  return (repository, tag) => compiled.some((rule) => rule.repositories.some((covers) => covers(repository)) && rule.tags.some((matches) => matches(tag)));
}
