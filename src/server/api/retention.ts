import { isDigest } from "../../oci/digest.ts";
import { explainRetention, planRetention } from "../../retention/plan-retention.ts";
import { applyPlan, retentionOptions } from "../keep/retention.ts";
import { checkName } from "../terms/name.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { AppliedAnswer, PlanAnswer } from "./answers.ts";
import { objectOf, sizeOf, textOf, type ApiExchange } from "./api-exchange.ts";
import { visibleRepositories } from "./visible-repositories.ts";

/** What the rules say of every tag that the caller sees. Nothing is changed. */
export async function planTags(exchange: ApiExchange): Promise<PlanAnswer> {
  const { storage, config, caller, query } = exchange;
  const options = retentionOptions(config, Date.now());
  const size = sizeOf(exchange, { usual: 50, most: 200 });
  const only = query.get("repository");
  const repositories: PlanAnswer["repositories"][number][] = [];
  for await (const repository of visibleRepositories(exchange, query.get("last") ?? undefined)) {
    if (only !== null && repository !== only) continue;
    if (!options.rules.some(({ covers }) => covers(repository))) continue;
    if (repositories.length === size) return { repositories, trash: config.retention.trash, next: repositories.at(-1)!.repository };
    const tags = explainRetention(repository, await storage.metadata.tagFacts(repository), options);
    repositories.push({ repository, mayApply: caller.may("admin", repository), tags });
  }
  return { repositories, trash: config.retention.trash };
}

/**
 * Deletes tags as a plan said that was shown before: each only where it still names the same image, and the rules still say
 * that it goes.
 */
export async function applyTags(exchange: ApiExchange): Promise<AppliedAnswer> {
  const { storage, config, caller, actor } = exchange;
  const body = await objectOf(exchange);
  const repository = textOf(body, "repository");
  checkName(repository);
  caller.demand("admin", repository);
  const wanted = shownTags(body["tags"]);
  const options = retentionOptions(config, Date.now());
  const plan = planRetention(repository, await storage.metadata.tagFacts(repository), options);
  const agreed = plan.filter(({ tag, digest, verdict }) => verdict === "delete" && wanted.get(tag) === digest);
  let deleted = 0;
  await applyPlan(storage.metadata, { repository, tags: agreed }, {
    trash: config.retention.trash,
    immutable: options.immutable,
    actor,
    onTag: (_repository, _verdict, outcome) => void (outcome === "deleted" && (deleted += 1)),
  });
  return { deleted, changed: wanted.size - deleted };
}

function shownTags(value: unknown): ReadonlyMap<string, string> {
  const invalid = new RegistryError("REQUEST_INVALID", "tags is no list of tags and digests");
  if (!Array.isArray(value)) throw invalid;
  return new Map(value.map((item: unknown) => {
    const { tag, digest } = (item ?? {}) as Record<string, unknown>;
    if (typeof tag !== "string" || typeof digest !== "string" || !isDigest(digest)) throw invalid;
    return [tag, digest];
  }));
}
