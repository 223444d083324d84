import type { Entry } from "ldapts";

/** What directories call an entry for ever, whoever gets its name later: OpenLDAP and others (RFC 4530), Active Directory, 389 Directory Server. */
const IDENTITIES = ["entryUUID", "objectGUID", "nsUniqueId"];
/** When the password was changed: OpenLDAP with policies of passwords and 389 Directory Server, Active Directory. */
const CHANGES = ["pwdChangedTime", "pwdLastSet"];
/** When an entry was made: RFC 4512, Active Directory. Tells entries apart where nothing calls them for ever. */
const BEGINNINGS = ["createTimestamp", "whenCreated"];
const LOCKS = ["userAccountControl", "pwdAccountLockedTime", "nsAccountLock"];

/** Attributes that {@link idOf}, {@link personOf} and {@link isLocked} read. Most directories give them only to who asks for them by name. */
export const ACCOUNT_ATTRIBUTES: readonly string[] = [...IDENTITIES, ...CHANGES, ...BEGINNINGS, ...LOCKS];
/** Those of them that are no text. */
export const BINARY_ATTRIBUTES: readonly string[] = ["objectGUID"];

/** Who it is: another one for who gets the same name later, and after another password. */
export function idOf(entry: Entry): string {
  return [entry.dn, ...[...IDENTITIES, ...CHANGES].map((name) => wordOf(entry, name))].join("\n").trimEnd();
}

/** Who it is, with whatever password, and wherever in the directory: by what never changes, or else by where and when the entry was made. */
export function personOf(entry: Entry): string {
  const lasting = IDENTITIES.flatMap((name) => (wordOf(entry, name) === "" ? [] : [`${name} ${wordOf(entry, name)}`]));
  return lasting[0] ?? [entry.dn, ...BEGINNINGS.map((name) => wordOf(entry, name))].join("\n").trimEnd();
}

function wordOf(entry: Entry, attribute: string): string {
  return valuesOf(entry, attribute).map((value) => (typeof value === "string" ? value : value.toString("hex"))).join(" ");
}

/** Whether the account may not log in, by its password or by what it was given once. One that waits after wrong passwords is none of these. */
export function isLocked(entry: Entry): boolean {
  const has = (name: string, test: (value: string) => boolean): boolean => valuesOf(entry, name).some((value) => test(value.toString()));
  return (
    has("userAccountControl", (flags) => (Number(flags) & 2) !== 0) || // ACCOUNTDISABLE
    has("pwdAccountLockedTime", (time) => time.startsWith("000001010000")) || // locked by a person
    has("nsAccountLock", (locked) => /^true$/i.test(locked))
  );
}

/** The values of an attribute, whatever its spelling. */
export function valuesOf(entry: Entry, attribute: string): readonly (string | Buffer)[] {
  const key = Object.keys(entry).find((each) => each.toLowerCase() === attribute.toLowerCase() && each !== "dn");
  const value = key === undefined ? [] : entry[key]!;
  return Array.isArray(value) ? value : [value];
}
