import { suggest } from "../../dockerfile/suggest.ts";
import type { ServerConfig } from "../config/config-schema.ts";

/** Words that stand for no user of that name. */
const WORDS = ["anonymous", "authenticated", "user"];

/**
 * What a configuration may say without being wrong, but hardly means: grants for nobody.
 * @param users those of the password file; undefined where there is none
 */
export function doubtfulAccess({ access, tls }: { readonly access: NonNullable<ServerConfig["access"]>; readonly tls?: ServerConfig["tls"] }, users: ReadonlySet<string> | undefined): readonly string[] {
  const elsewhere = access.ldap !== undefined || access.oidc !== undefined || tls?.clients !== undefined;
  const groups = Object.keys(access.groups);
  const named = [...new Set(access.grants.flatMap(({ who }) => who))];
  const logins = users !== undefined || elsewhere;
  const doubts = named.flatMap((word): string[] => {
    const [kind, name] = word.includes(":") ? [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)] : ["user", word];
    if (WORDS.includes(word) || kind === "robot" || elsewhere) return [];
    if (kind === "group") return groups.includes(name) ? [] : [`${word}: there is no such group${meant(name, groups)}`];
    if (users === undefined || users.has(name)) return [];
    const near = word === name ? suggest(name, [...WORDS, ...users]) : suggest(name, users);
    return [`${word}: the password file has no such user${near === undefined ? "" : `: did you mean ${near}?`}`];
  });
  const strangers = users === undefined || elsewhere ? [] : groups.flatMap((group) =>
    (access.groups[group] ?? []).filter((member) => !users.has(member)).map((member) => `${member}, in the group ${group}: the password file has no such user${meant(member, users)}`));
  return [
    ...doubts, ...strangers,
    ...(!logins && named.some((word) => word !== "anonymous" && !word.startsWith("robot:")) ? ["there are grants for users, and neither htpasswd nor ldap nor oidc says who they are: nobody can log in but robots"] : []),
  ];
}

function meant(word: string, known: Iterable<string>): string {
  const near = suggest(word, known);
  return near === undefined ? "" : `: did you mean ${near}?`;
}
