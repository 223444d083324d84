import * as v from "valibot";
import { file, httpUrl, oneOrMore, span, word } from "./values.ts";

/** Users and workloads of an OpenID provider. */
export const oidcSection = v.pipe(
  v.strictObject({
    issuer: v.pipe(httpUrl, v.check(isSafe, "it has to be https://: whoever answers in its place could log in as anybody"), v.description("The provider, as its tokens name it in `iss`: `https://gitlab.example.com`")),
    clientId: v.pipe(word, v.description("The registry's name at the provider")),
    clientSecret: v.pipe(v.optional(word), v.description("Its secret, where it has one")),
    clientSecretFile: v.pipe(v.optional(file), v.description("File with its secret")),
    scopes: v.pipe(v.optional(v.array(word), ["openid", "profile", "email"]), v.description("What people are asked to let the registry know")),
    usernameClaim: v.pipe(v.optional(word, "preferred_username"), v.description("Claim with the name of a user")),
    groupsClaim: v.pipe(v.optional(word, "groups"), v.description("Claim with the user's groups")),
    audience: v.pipe(v.optional(oneOrMore(word)), v.description("`aud` of tokens that workloads log in with; by default `clientId`")),
    workloadClaim: v.pipe(v.optional(word), v.description("Claim that names the owner of such a token: `project_path` for jobs of GitLab; by default `usernameClaim`")),
    session: v.pipe(v.optional(span, "1d"), v.description("How long a person stays logged in, without the provider being asked again")),
  }),
  v.check(({ clientSecret, clientSecretFile }) => clientSecret === undefined || clientSecretFile === undefined, "clientSecret and clientSecretFile exclude each other"),
  v.description("Users and workloads of an OpenID Connect provider"),
);

export type OidcConfig = v.InferOutput<typeof oidcSection>;

function isSafe(url: string): boolean {
  return /^https:/i.test(url) || /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:\/|$)/i.test(url);
}
