/**
 * The proxy that a URL is reached through, by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case,
 * with the rules of Go's httpproxy package that the other container tools follow: loopback is never proxied.
 */
export function proxyFor(url: URL, environment: Readonly<Record<string, string | undefined>>): URL | undefined {
  const read = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name] || undefined;
  const address = url.protocol === "https:" ? read("HTTPS_PROXY") : read("HTTP_PROXY");
  const proxy = address ?? read("ALL_PROXY");
  if (proxy === undefined || isLoopback(url.hostname) || isExcluded(url, read("NO_PROXY") ?? "")) return undefined;
  try {
    const parsed = new URL(proxy.includes("://") ? proxy : `http://${proxy}`);
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a host name or address literal means this machine: 127.0.0.0/8, ::1, localhost. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase();
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function isExcluded(url: URL, list: string): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, "");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(/[\s,]+/).filter(Boolean).some((item) => matches(item.toLowerCase(), host, port));
}

function matches(item: string, host: string, port: string): boolean {
  if (item === "*") return true;
  const block = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(item);
  if (block) return inBlock(host, block[1]!, Number(block[2]));
  const withPort = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(item);
  if (withPort && withPort[3] !== port) return false;
  const name = (withPort ? (withPort[1] ?? withPort[2]!) : item).replace(/^\[|\]$/g, "").replace(/^\*(?=\.)/, "");
  return name.startsWith(".") ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function inBlock(host: string, block: string, bits: number): boolean {
  const address = ipv4(host);
  const base = ipv4(block);
  if (address === undefined || base === undefined || bits > 32) return false;
  const span = 2 ** (32 - bits);
  return Math.floor(address / span) === Math.floor(base / span);
}

/** An IPv4 literal as a number, undefined for anything else. */
export function ipv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  const parts = match.slice(1).map(Number);
  return parts.some((part) => part > 255) ? undefined : parts.reduce((sum, part) => sum * 256 + part, 0);
}
