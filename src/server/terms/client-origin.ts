import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import type { TLSSocket } from "node:tls";

/** Where a request comes from, and how its client calls this server: told by the connection, or by a proxy that is believed. */
export interface ClientOrigin {
  readonly address: string;
  /** Whether many clients may have this address: a proxy has not said whose the request is. */
  readonly shared: boolean;
  readonly scheme: "http" | "https";
  /** With the port; undefined where the client has not told it. */
  readonly host: string | undefined;
  /** Whether a proxy that is believed has sent it on. */
  readonly byProxy: boolean;
}

/** Addresses more than any honest chain of proxies has are not read. */
const MOST = 32;

/** Of requests that a proxy has sent on; all others come from where their connection does. */
const origins = new WeakMap<IncomingMessage, ClientOrigin>();

/** Reads what proxies say of the request, once and for all who ask {@link originOf} later. */
export function noteOrigin(request: IncomingMessage, proxies: BlockList): void {
  if (proxies.rules.length === 0) return;
  const origin = readOrigin(request, proxies);
  if (origin.byProxy) origins.set(request, origin);
}

export function originOf(request: IncomingMessage): ClientOrigin {
  return origins.get(request) ?? directOrigin(request);
}

/** @param networks `10.0.0.0/8`, `fd00::/8`, or single addresses; as {@link isNetwork} takes them */
export function proxyList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

export function isNetwork(text: string): boolean {
  const [, address = "", bits] = /^([0-9a-fA-F.:]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && (bits === undefined || Number(bits) <= (version === 6 ? 128 : 32));
}

/** What one client has for itself: networks give each of theirs 2^64 addresses of IPv6 (RFC 4291). */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const known = [...groups(head), ...(tail === undefined ? [] : [...Array<string>(Math.max(0, 8 - groups(head).length - groups(tail).length)).fill("0"), ...groups(tail)])];
  return `${known.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

function directOrigin({ socket, headers }: IncomingMessage): ClientOrigin {
  return { address: plain(socket.remoteAddress ?? ""), shared: false, scheme: (socket as TLSSocket).encrypted === true ? "https" : "http", host: headers.host, byProxy: false };
}

function readOrigin(request: IncomingMessage, proxies: BlockList): ClientOrigin {
  const direct = directOrigin(request);
  const isProxy = (address: string): boolean => isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  if (!isProxy(direct.address)) return direct;
  const client = listOf(request, "x-forwarded-for").slice(-MOST).map(addressIn).findLast((address) => !isProxy(address));
  const scheme = listOf(request, "x-forwarded-proto")[0]?.toLowerCase();
  return {
    // What is no address was written by nobody who is believed.
    ...(client === undefined || isIP(client) === 0 ? { address: direct.address, shared: true } : { address: client, shared: false }),
    scheme: scheme === "https" || scheme === "http" ? scheme : direct.scheme,
    host: listOf(request, "x-forwarded-host")[0] ?? direct.host,
    byProxy: true,
  };
}

function listOf({ headers }: IncomingMessage, name: string): string[] {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(",") : (value ?? "")).split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/** Some proxies write the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressIn(text: string): string {
  return plain(/^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text);
}

function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
