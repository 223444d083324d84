import * as v from "valibot";
import { isDigest, type Digest } from "../../oci/digest.ts";
import { fault } from "../../std/fault.ts";
import type { RepositoryPlan } from "./retention.ts";

/** What `retention plan --json` writes and `retention apply` reads. */
export interface RetentionPlan {
  readonly version: 1;
  /** ISO 8601. */
  readonly plannedAt: string;
  readonly repositories: readonly RepositoryPlan[];
}

const schema = v.object({
  version: v.literal(1),
  plannedAt: v.string(),
  repositories: v.array(v.object({
    repository: v.string(),
    tags: v.array(v.object({
      tag: v.string(),
      digest: v.custom<Digest>((value) => typeof value === "string" && isDigest(value)),
      verdict: v.picklist(["keep", "delete"]),
      reason: v.string(),
    })),
  })),
});

/** @throws RETENTION_PLAN_INVALID */
export function parseRetentionPlan(text: string, file: string): RetentionPlan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fault("RETENTION_PLAN_INVALID", { file, problem: "it is no JSON" }, { cause });
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw fault("RETENTION_PLAN_INVALID", { file, problem: `${v.getDotPath(issue) ?? "the whole"}: ${issue.message}` });
}
