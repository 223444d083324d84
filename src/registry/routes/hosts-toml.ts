import { join, resolve } from "node:path";
import type { Capability } from "./endpoint.ts";
import { hideLogin } from "./hide-login.ts";
import { isTable, membersOf, readFolder, readToml, type Members } from "./read-config.ts";

/** One place of containerd's hosts.toml (registry reference § 5.4). */
export interface HostEntry {
  readonly reason: string;
  /** None where the file only says how the registry itself is spoken to. */
  readonly url?: URL;
  /** The path of the interface. */
  readonly api: string;
  readonly capabilities: readonly Capability[];
  /** Files of authorities, and of our certificates with their keys. */
  readonly authorities: readonly string[];
  readonly clients: readonly { readonly certificate: string; readonly key: string }[];
  readonly skipVerify: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly dialTimeout?: number;
}

export interface HostsFile {
  readonly file: string;
  readonly hosts: readonly HostEntry[];
  /** Asked after the hosts. */
  readonly server: HostEntry;
}

const CAPABILITIES: readonly Capability[] = ["pull", "resolve", "push"];

/**
 * The folder of a registry below certs.d: `host_port_`, `host:port` (or `host` without a port) or `_default`, the
 * first that is there.
 */
export function hostFolder(root: string, host: string): string | undefined {
  const present = new Set(readFolder(root));
  const name = [host.replace(/:(\d+)$/, "_$1_"), host, "_default"].find((candidate) => present.has(candidate));
  return name === undefined ? undefined : join(root, name);
}

/** The hosts.toml of a folder. @throws ROUTES_INVALID */
export async function readHostsToml(folder: string): Promise<HostsFile | undefined> {
  const file = join(folder, "hosts.toml");
  const table = await readToml(file);
  if (table === undefined) return undefined;
  const members = membersOf(table, file);
  const hosts = Object.entries(members.table("host") ?? {}).map(([name, entry]) => {
    const title = `host ${JSON.stringify(hideLogin(name))}`;
    if (!isTable(entry)) throw members.refuse(`${title} is not a table`);
    return parseEntry(membersOf(entry, file, `${title}: `), { name, folder, reason: title });
  });
  const name = members.text("server");
  return { file, hosts, server: parseEntry(members, { ...(name ? { name } : {}), folder, reason: name ? "server" : "settings" }) };
}

function parseEntry(members: Members, { name, folder, reason }: { name?: string; folder: string; reason: string }): HostEntry {
  const url = name === undefined ? undefined : parseUrl(name, members);
  const override = members.flag("override_path") ?? false;
  const path = (url?.pathname ?? "").replace(/\/+$/, "");
  const wait = members.text("dial_timeout");
  return {
    reason,
    ...(url ? { url } : {}),
    api: !url ? "/v2" : override || path.endsWith("/v2") ? path : `${path}/v2`,
    capabilities: parseCapabilities(members),
    authorities: fileList(members, "ca").map((file) => resolve(folder, file)),
    clients: clientPairs(members).map(([certificate, key]) => ({ certificate: resolve(folder, certificate), key: resolve(folder, key) })),
    skipVerify: members.flag("skip_verify") ?? false,
    headers: parseHeaders(members),
    ...(wait ? { dialTimeout: parseDuration(wait, members) } : {}),
  };
}

function parseUrl(text: string, members: Members): URL {
  const full = text.includes("://") ? text : `https://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) throw members.refuse("it is not an http or https URL");
  if (url.username || url.password) throw members.refuse("a login does not belong into the URL; use `sampan login` instead");
  if (url.search || url.hash) throw members.refuse("the URL must not have a query");
  return url;
}

function parseCapabilities(members: Members): readonly Capability[] {
  const given = (members.texts("capabilities") ?? []).map((text) => text.toLowerCase());
  const unknown = given.find((text) => !CAPABILITIES.some((known) => known === text));
  if (unknown !== undefined) throw members.refuse(`capabilities has ${JSON.stringify(unknown)}, which is none of pull, resolve and push`);
  return given.length === 0 ? CAPABILITIES : CAPABILITIES.filter((known) => given.includes(known));
}

function fileList(members: Members, key: string): readonly string[] {
  return typeof members.any(key) === "string" ? [members.text(key)!] : (members.texts(key) ?? []);
}

/** A file with certificate and key, a list of such files, or of pairs of files. */
function clientPairs(members: Members): [string, string][] {
  const value = members.any("client");
  if (value === undefined) return [];
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item) => {
    if (typeof item === "string") return [item, item];
    if (Array.isArray(item) && item.length === 2 && item.every((part) => typeof part === "string")) return [item[0] as string, item[1] as string];
    throw members.refuse("client is neither a file, a list of files nor a list of [certificate, key]");
  });
}

function parseHeaders(members: Members): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(members.table("header") ?? {})) {
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw members.refuse(`header ${JSON.stringify(name)} is not a name of a header`);
    if (!texts.every((text): text is string => typeof text === "string" && !/[\r\n\0]/.test(text))) throw members.refuse(`header ${JSON.stringify(name)} is neither a text nor a list of texts`);
    headers[name.toLowerCase()] = texts.join(", ");
  }
  return headers;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's durations, `1m30s`, in milliseconds. */
function parseDuration(text: string, members: Members): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  const sum = parts.reduce((total, [, number, unit]) => total + Number(number) * UNITS[unit!]!, 0);
  if (parts.map(([part]) => part).join("") !== text || sum < 1) throw members.refuse(`dial_timeout ${JSON.stringify(text)} is not a duration such as 30s`);
  return Math.ceil(sum);
}
