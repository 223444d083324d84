import { nameOf } from "../access/identity.ts";
import { OPEN } from "../access/decision.ts";
import { sentenceOf } from "../../std/why.ts";
import { DEMANDS, demandsOn } from "../signatures/describe-demand.ts";
import { checkName } from "../terms/name.ts";
import { refusal } from "../terms/refusals.ts";
import { RIGHTS } from "../terms/rights.ts";
import type { AccessAnswer } from "./answers.ts";
import { wordOf, type ApiExchange } from "./api-exchange.ts";

/** What somebody may do in a repository, and why: everybody may ask for themselves, and who administers the repository for others. */
export async function explainAccess(exchange: ApiExchange): Promise<AccessAnswer> {
  const { access, caller, query, config } = exchange;
  const repository = wordOf(exchange, "repository");
  checkName(repository);
  const own = nameOf(caller.identity);
  const user = (query.get("user") || own).slice(0, 300);
  if (user !== own) caller.demand("admin", repository);
  const whyNotes = caller.sees(repository) ? demandsOn(config.signatures, repository) : [];
  const notes = { notes: whyNotes.map((why) => sentenceOf(DEMANDS, why)), whyNotes };
  if (!access.sessions) {
    return { user, repository, ...notes, rights: RIGHTS.map((right) => ({ right, ...OPEN })) };
  }
  const identity = user === own ? caller.identity : await access.sessions.named(user);
  if (!identity) throw refusal("robotMissing", {}, { as: "REQUEST_INVALID", status: 404 });
  return { user: nameOf(identity), repository, ...notes, rights: access.sessions.explain(identity, repository) };
}
