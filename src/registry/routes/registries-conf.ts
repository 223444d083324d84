import { hideLogin } from "./hide-login.ts";
import { membersOf, type Members } from "./read-config.ts";

/** One `[[registry]]` of containers' registries.conf (registry reference § 5.3). */
export interface RegistryEntry {
  readonly file: string;
  readonly prefix: string;
  /** What stands for the prefix when reading; the same as the prefix when nothing does. */
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly MirrorEntry[];
}

export interface MirrorEntry {
  readonly location: string;
  readonly insecure: boolean;
  /** Which references are asked for there. */
  readonly pulls: "all" | "digest-only" | "tag-only";
}

export interface RegistriesConf {
  readonly registries: readonly RegistryEntry[];
  /** Full names by short name, and the file that says so. */
  readonly aliases: ReadonlyMap<string, { readonly name: string; readonly file: string }>;
  /** Where a name without a host may be, and the file that says so. */
  readonly search?: { readonly hosts: readonly string[]; readonly file: string };
  /** Where logins are looked for, in this order; `containers-auth.json` stands for the files. */
  readonly credentialHelpers?: { readonly names: readonly string[]; readonly file: string };
}

/** What one file says. @throws ROUTES_INVALID */
export function parseRegistriesConf(table: Readonly<Record<string, unknown>>, file: string): RegistriesConf {
  const members = membersOf(table, file);
  if (table["registries"] !== undefined) throw members.refuse("[registries.…] is version 1 of the format, which is no longer read: write [[registry]] tables");
  const registries = (members.tables("registry") ?? []).map((entry, position) => parseRegistry(membersOf(entry, file, `[[registry]] ${position + 1}: `), file));
  const aliases = membersOf(members.table("aliases") ?? {}, file, "[aliases] ");
  const named = Object.keys(members.table("aliases") ?? {}).flatMap((name) => {
    const full = aliases.text(name);
    // An empty one takes back what an earlier file says.
    return full === undefined ? [] : [[name, { name: full, file }] as const];
  });
  const helpers = members.texts("credential-helpers");
  const hosts = members.texts("unqualified-search-registries");
  return { registries, aliases: new Map(named), ...(hosts ? { search: { hosts, file } } : {}), ...(helpers ? { credentialHelpers: { names: helpers, file } } : {}) };
}

/** Several files as one: a later one replaces entries of the same prefix and aliases of the same name. */
export function mergeRegistries(files: readonly RegistriesConf[]): RegistriesConf {
  const registries = new Map(files.flatMap((each) => each.registries.map((entry) => [entry.prefix, entry] as const)));
  const aliases = new Map(files.flatMap((each) => [...each.aliases]));
  const credentialHelpers = files.findLast((each) => each.credentialHelpers)?.credentialHelpers;
  const search = files.findLast((each) => each.search)?.search;
  return { ...(credentialHelpers ? { credentialHelpers } : {}), ...(search ? { search } : {}), registries: [...registries.values()], aliases: new Map([...aliases].filter(([, { name }]) => name !== "")) };
}

function parseRegistry(members: Members, file: string): RegistryEntry {
  const location = place(members, "location");
  const prefix = place(members, "prefix") || location;
  if (prefix === "") throw members.refuse("it has neither a prefix nor a location");
  const wild = prefix.startsWith("*.");
  if (prefix.slice(wild ? 2 : 0).includes("*") || (wild && prefix.includes("/"))) throw members.refuse(`prefix ${JSON.stringify(prefix)}: * may only stand at the beginning of a host without a path, as in *.example.com`);
  if (location === "" && !wild) throw members.refuse(`prefix ${JSON.stringify(prefix)} has no location`);
  if (location.startsWith("*")) throw members.refuse("location must not have a *");
  const byDigest = members.flag("mirror-by-digest-only") ?? false;
  const mirrors = (members.tables("mirror") ?? []).map((mirror) => parseMirror(membersOf(mirror, file, `a mirror of prefix ${JSON.stringify(prefix)}: `), byDigest));
  return {
    file, prefix, mirrors,
    location: location || prefix,
    insecure: members.flag("insecure") ?? false,
    blocked: members.flag("blocked") ?? false,
  };
}

function parseMirror(members: Members, byDigest: boolean): MirrorEntry {
  const location = place(members, "location");
  if (location === "") throw members.refuse("it has no location");
  const pulls = members.text("pull-from-mirror") ?? "";
  if (byDigest && pulls !== "") throw members.refuse("pull-from-mirror and mirror-by-digest-only exclude each other");
  if (pulls !== "" && pulls !== "all" && pulls !== "digest-only" && pulls !== "tag-only") {
    throw members.refuse(`pull-from-mirror is ${JSON.stringify(pulls)}, not all, digest-only or tag-only`);
  }
  return { location, insecure: members.flag("insecure") ?? false, pulls: byDigest ? "digest-only" : pulls || "all" };
}

/** A host with a path, `registry.example.com/team`. */
function place(members: Members, key: string): string {
  const text = (members.text(key) ?? "").trim().replace(/\/+$/, "");
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw members.refuse(`${key} ${JSON.stringify(hideLogin(text))} must be without https://`);
  if (/^[^/]*@/.test(text)) throw members.refuse(`${key} ${JSON.stringify(hideLogin(text))} has a login in it; use \`sampan login\` instead`);
  if (/[\s?#]/.test(text) || text.startsWith("/")) throw members.refuse(`${key} ${JSON.stringify(hideLogin(text))} is not a host with a path`);
  return text;
}
