import * as v from "valibot";
import { httpUrl, span, word } from "./values.ts";

/** How tokens are made. */
export const tokenSection = v.pipe(
  v.strictObject({
    key: v.pipe(v.optional(word), v.description("Private key of P-256 in PEM that signs tokens (ES256): a file, or the text itself. By default a key is made in the registry's folder, and a new one each month")),
    expires: v.pipe(v.optional(v.pipe(span, v.minValue(60_000, "a token has to last a minute at least: clients assume that")), "5m"), v.description("How long a token is good for")),
    refresh: v.pipe(v.optional(span, "30d"), v.description("How long a refresh token is good for; 0 gives none out")),
    issuer: v.pipe(v.optional(word, "sampan"), v.description("`iss` of the tokens")),
    service: v.pipe(v.optional(word, "sampan-registry"), v.description("`service` of the challenge and `aud` of the tokens")),
    realm: v.pipe(v.optional(httpUrl), v.description("Where clients get tokens, when another program than this server gives them out")),
  }),
  v.description("How tokens are made"),
);
