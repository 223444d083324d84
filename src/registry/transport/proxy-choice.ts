import { fault } from "../../std/fault.ts";
import { inBlock, isLoopback } from "./addresses.ts";

/** A value and who says it: a variable, or an entry of a file. */
export interface ProxySetting {
  readonly value: string;
  readonly source: string;
}

/** Which proxies there are. `none` lists hosts that are reached without one. */
export interface ProxySettings {
  readonly http?: ProxySetting;
  readonly https?: ProxySetting;
  readonly all?: ProxySetting;
  readonly none?: ProxySetting;
}

export interface ProxyChoice {
  readonly url: URL;
  readonly source: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case. */
export function environmentProxies(environment: Environment): ProxySettings {
  const read = (name: string): ProxySetting | undefined => {
    const found = [name.toLowerCase(), name].find((each) => environment[each]);
    return found === undefined ? undefined : { value: environment[found]!, source: found };
  };
  return joinProxies({ http: read("HTTP_PROXY"), https: read("HTTPS_PROXY"), all: read("ALL_PROXY"), none: read("NO_PROXY") });
}

/** Each setting from the first that has it. */
export function joinProxies(...layers: readonly { readonly [Key in keyof ProxySettings]: ProxySettings[Key] | undefined }[]): ProxySettings {
  const joined: { -readonly [Key in keyof ProxySettings]: ProxySettings[Key] } = {};
  for (const key of ["http", "https", "all", "none"] as const) {
    const found = layers.find((layer) => layer[key] !== undefined)?.[key];
    if (found) joined[key] = found;
  }
  return joined;
}

const PROTOCOLS = ["http:", "https:", "socks5:", "socks5h:"];

/**
 * The proxy that a URL is reached through, with the rules of Go's httpproxy package that the other container tools
 * follow: loopback is never proxied, and a SOCKS5 proxy resolves the names.
 * @throws PROXY_INVALID
 */
export function chooseProxy(url: URL, settings: ProxySettings): ProxyChoice | undefined {
  const setting = (url.protocol === "https:" ? settings.https : settings.http) ?? settings.all;
  if (setting === undefined || isLoopback(url.hostname) || isExcluded(url, settings.none?.value ?? "")) return undefined;
  const text = setting.value.includes("://") ? setting.value : `http://${setting.value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (!proxy || proxy.hostname === "") throw fault("PROXY_INVALID", { source: setting.source, problem: "it is not a URL" });
  if (![proxy.username, proxy.password].every(isDecodable)) throw fault("PROXY_INVALID", { source: setting.source, problem: "a % in its user name or password has to be written %25" });
  if (!PROTOCOLS.includes(proxy.protocol)) throw fault("PROXY_INVALID", { source: setting.source, problem: `proxies of ${proxy.protocol}// are not known` });
  return { url: proxy, source: setting.source };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isExcluded(url: URL, list: string): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, "");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(/[\s,]+/).filter(Boolean).some((item) => matches(item.toLowerCase(), host, port));
}

function matches(item: string, host: string, port: string): boolean {
  if (item === "*") return true;
  if (item.includes("/")) return inBlock(host, item);
  const withPort = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(item);
  if (withPort && withPort[3] !== port) return false;
  const name = (withPort ? (withPort[1] ?? withPort[2]!) : item).replace(/^\[|\]$/g, "").replace(/^\*(?=\.)/, "");
  return name.startsWith(".") ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}
