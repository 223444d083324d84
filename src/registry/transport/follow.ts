import { fault } from "../../std/fault.ts";
import { ipv4, isLoopback } from "./addresses.ts";

/**
 * The address that an answer leads to (Location, Link or realm), if it may be followed. A plain-HTTP address of
 * the same host is raised to HTTPS: registries behind a TLS proxy often do not know their own scheme.
 * @throws REDIRECT_REFUSED for other schemes, from HTTPS down to HTTP, and from a public host to a private address
 */
export function resolveTarget(target: string, from: URL, host: string): URL {
  const refuse = (problem: string): Error => fault("REDIRECT_REFUSED", { host, target: withoutQuery(target), problem });
  let url: URL;
  try {
    url = new URL(target, from);
  } catch {
    throw refuse("it is not a URL");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refuse("it is neither http nor https");
  if (from.protocol === "https:" && url.protocol === "http:") {
    if (url.hostname !== from.hostname) throw refuse("it would leave HTTPS");
    url = new URL(url.pathname + url.search, from.origin);
  }
  if (url.hostname !== from.hostname && isPrivate(url.hostname) && !isPrivate(from.hostname)) {
    throw refuse("it is an address of a private network");
  }
  url.username = "";
  url.password = "";
  return url;
}

/** Literal addresses that are not of the public internet, and loopback names. */
export function isPrivate(hostname: string): boolean {
  if (isLoopback(hostname.replace(/\.$/, ""))) return true;
  const address = ipv4(hostname);
  if (address !== undefined) {
    const [a, b] = [Math.floor(address / 2 ** 24), Math.floor(address / 2 ** 16) % 256];
    return a === 0 || a === 10 || a === 127 || (a === 169 && b === 254) || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128);
  }
  return /^\[(?:::|f[cd]|fe[89ab]|::ffff:)/i.test(hostname);
}

/** Queries of signed addresses are secrets. */
function withoutQuery(target: string): string {
  return target.replace(/\?.*$/s, "").slice(0, 300);
}
