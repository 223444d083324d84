import { sendJson, type Exchange } from "../exchange.ts";
import { readBody } from "../read-body.ts";
import { originOf } from "../terms/client-origin.ts";
import { RegistryError } from "../terms/registry-error.ts";

const FORM_LIMIT = 64 * 1024;

/** Gives a token out (distribution, spec/auth: GET as in token.md, POST as in oauth.md). */
export async function giveToken(exchange: Exchange): Promise<void> {
  const { request, access, query } = exchange;
  if (!access.tokenEndpoint) throw new RegistryError("UNSUPPORTED", "this registry gives no tokens out: it needs none, or another program gives them", { status: 404 });
  const post = request.method === "POST";
  const parameters = post ? new URLSearchParams((await readBody(request, FORM_LIMIT, "form")).toString("utf8")) : query;
  const answer = await access.tokenEndpoint({
    method: request.method!,
    parameters,
    authorization: request.headers.authorization,
    origin: originOf(request),
  });
  sendJson(exchange, answer, { "Cache-Control": "no-store" });
}
