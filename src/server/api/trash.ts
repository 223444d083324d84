import { isTag } from "../../oci/reference.ts";
import { readReasons } from "../../retention/reasons.ts";
import { checkName } from "../terms/name.ts";
import { refusal } from "../terms/refusals.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { Page, TrashRow } from "./answers.ts";
import { objectOf, textOf, type ApiExchange } from "./api-exchange.ts";

const MOST = 1000;

/** Deleted tags that can come back, the newest first; at most a thousand. */
export async function listTrash({ storage, caller, query }: ApiExchange): Promise<Page<TrashRow>> {
  const rows = await storage.metadata.discarded(query.get("repository") ?? undefined);
  const items = rows.filter(({ repository }) => caller.sees(repository)).slice(0, MOST);
  return { items: items.map((row) => ({ ...row, why: readReasons(row.reason), mayRestore: caller.may("push", row.repository) })) };
}

/** Puts a tag back, for who may set it. */
export async function restoreTag(exchange: ApiExchange): Promise<{ readonly restored: true }> {
  const body = await objectOf(exchange);
  const [repository, tag] = [textOf(body, "repository"), textOf(body, "tag")];
  checkName(repository);
  exchange.caller.demand("push", repository);
  if (!isTag(tag)) throw new RegistryError("TAG_INVALID", "the tag does not follow the grammar");
  const outcome = await exchange.storage.metadata.restoreTag(repository, tag, exchange.actor);
  if (outcome === "not in the trash") throw refusal("notInTrash", { tag }, { as: "MANIFEST_UNKNOWN" });
  if (outcome === "the tag is there again") throw refusal("tagIsBack", { tag }, { as: "REQUEST_INVALID", status: 409 });
  return { restored: true };
}
