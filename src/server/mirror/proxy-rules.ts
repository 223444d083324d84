import type { ProxyRule } from "../config/proxy-section.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";
import { parseUpstream, type UpstreamAddress } from "../terms/upstream.ts";

/** A rule of the section `proxy`, ready to be used. */
export interface CompiledRule {
  readonly rule: ProxyRule;
  readonly upstream: UpstreamAddress;
  covers(repository: string): boolean;
  /** The name there of a repository that the rule covers. */
  nameThere(repository: string): string;
}

export function compileRules(rules: readonly ProxyRule[]): readonly CompiledRule[] {
  return rules.map((rule) => {
    const upstream = parseUpstream(rule.upstream)!;
    const tests = rule.repositories?.map(repositoryPattern);
    return {
      rule,
      upstream,
      covers: (repository) => repository.startsWith(rule.prefix) && (tests === undefined || tests.some((test) => test(repository))),
      nameThere(repository) {
        const name = upstream.path + repository.slice(rule.prefix.length);
        // As every client of Docker Hub does with the short names of its official images.
        return upstream.host === "docker.io" && !name.includes("/") ? `library/${name}` : name;
      },
    };
  });
}
