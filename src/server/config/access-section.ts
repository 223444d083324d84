import * as v from "valibot";
import { ldapSection } from "./ldap-section.ts";
import { oidcSection } from "./oidc-section.ts";
import { RIGHTS } from "../terms/rights.ts";
import { span, count, file, oneOrMore, repositories, word } from "./values.ts";

const who = v.pipe(
  word,
  v.check((text) => /^(?:anonymous|authenticated|user|(?:user|group|robot):[^\s:]+|[^\s:]+)$/.test(text), "write anonymous, authenticated, user:NAME, group:NAME or robot:NAME"),
);

const grant = v.strictObject({
  who: v.pipe(oneOrMore(who), v.description("`anonymous`, `authenticated` (everybody who has logged in; `user` alone means the same), `user:NAME` or a bare name, `group:NAME`, `robot:NAME`; or a list of them")),
  role: v.pipe(word, v.description("`reader`, `writer`, `maintainer`, `admin`, or one of `roles`")),
  repositories: v.pipe(oneOrMore(repositories), v.description("Names with wildcards, or a list of them: `prod/*` one level below, `team/**` all levels, `**` everything")),
});

/** Who may do what. */
export const accessSection = v.pipe(
  v.strictObject({
    htpasswd: v.pipe(v.optional(file), v.description("File of users with bcrypt passwords (`htpasswd -B`); read again when it changes")),
    ldap: v.optional(ldapSection),
    oidc: v.optional(oidcSection),
    groups: v.pipe(v.optional(v.record(word, v.array(word)), {}), v.description("Members by group: `core: [alice, bob]`")),
    roles: v.pipe(v.optional(v.record(word, v.array(v.picklist(RIGHTS, `it is no right; rights are ${RIGHTS.join(", ")}`))), {}), v.description(`Roles of your own, from single rights: ${RIGHTS.join(", ")}`)),
    grants: v.pipe(v.optional(v.array(grant), []), v.description("What is allowed; everything else is not. Grants add up")),
    loginLimit: v.pipe(
      v.optional(v.strictObject({
        failures: v.pipe(v.optional(count, 10), v.description("Failed logins of one user, or from one address, before more are refused; 0 for no limit")),
        within: v.pipe(v.optional(span, "5m"), v.description("The time they are counted in, and for how long more are refused")),
      }), {}),
      v.description("Against guessing passwords"),
    ),
  }),
  v.description("Who may do what. Without this section nobody has to log in"),
);
