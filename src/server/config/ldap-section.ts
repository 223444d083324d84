import * as v from "valibot";
import { file, span, word } from "./values.ts";

const filter = (placeholder: RegExp, example: string) => v.pipe(word, v.check((text) => placeholder.test(text) && /^\(.*\)$/s.test(text), `it is no filter with a place for the user: write ${example}`));

/** Users and groups of a directory. */
export const ldapSection = v.pipe(
  v.strictObject({
    url: v.pipe(v.string("it is no URL"), v.url("it is no URL"), v.check((text) => /^ldaps?:\/\/[^/?#@]+\/?$/i.test(text), "it has the form ldaps://HOST or ldap://HOST:PORT"), v.description("The server: `ldaps://ldap.example.com`, or `ldap://` with `startTls`")),
    startTls: v.pipe(v.optional(v.boolean("it is neither true nor false"), false), v.description("Encrypt a connection of `ldap://` before anything is said")),
    ca: v.pipe(v.optional(file), v.description("File of certificates (PEM) that the server's is checked against; by default those of the system")),
    insecure: v.pipe(v.optional(v.boolean("it is neither true nor false"), false), v.description("Send passwords to another machine in plain text: for networks that encrypt themselves")),
    bindDn: v.pipe(v.optional(word), v.description("Who searches; without it anonymously")),
    bindPassword: v.pipe(v.optional(word), v.description("Its password")),
    bindPasswordFile: v.pipe(v.optional(file), v.description("File with its password, read again at each login")),
    userBase: v.pipe(word, v.description("Where users are looked for: `ou=people,dc=example,dc=com`")),
    userFilter: v.pipe(v.optional(filter(/\{user\}/, "(uid={user})"), "(uid={user})"), v.description("Which entry is the user `{user}`")),
    userAttribute: v.pipe(v.optional(word, "uid"), v.description("Attribute with the user's name as grants write it")),
    groupBase: v.pipe(v.optional(word), v.description("Where groups are looked for; without it users have those of `access.groups` only")),
    groupFilter: v.pipe(
      v.optional(filter(/\{(?:user|dn)\}/, "(member={dn})"), "(|(member={dn})(uniqueMember={dn})(memberUid={user}))"),
      v.description("Which entries are groups of the user `{user}` with the name `{dn}`"),
    ),
    groupAttribute: v.pipe(v.optional(word, "cn"), v.description("Attribute with the group's name as grants write it")),
    timeout: v.pipe(v.optional(v.pipe(span, v.minValue(100, "it is too short")), "10s"), v.description("How long the directory may take for one login")),
  }),
  v.check(({ bindPassword, bindPasswordFile }) => bindPassword === undefined || bindPasswordFile === undefined, "bindPassword and bindPasswordFile exclude each other"),
  v.check(({ bindDn, bindPassword, bindPasswordFile }) => (bindDn === undefined) === (bindPassword === undefined && bindPasswordFile === undefined), "bindDn and its password need each other"),
  v.check(({ url, startTls }) => !(startTls && /^ldaps:/i.test(url)), "startTls is for ldap://: ldaps:// is encrypted from the beginning"),
  v.check(({ url, startTls, insecure }) => startTls || insecure || /^ldaps:/i.test(url) || isLocal(url), "passwords would travel in plain text: write ldaps://, startTls: true, or accept it with insecure: true"),
  v.description("Users and groups of an LDAP directory. A user of the password file is never looked for there"),
);

export type LdapConfig = v.InferOutput<typeof ldapSection>;

function isLocal(url: string): boolean {
  return /^ldap:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?\/?$/i.test(url);
}
