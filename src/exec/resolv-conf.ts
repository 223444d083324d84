import { readFileSync } from "node:fs";

const STUB_RESOLVER = "127.0.0.53";
const PUBLIC_SERVERS = ["8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"];

/**
 * The text of the container's /etc/resolv.conf, made from the host's (BuildKit, executor/oci/resolvconf.go).
 * @param ownNetwork whether the container has a network of its own, where the host's loopback addresses lead nowhere.
 */
export function resolvConf(ownNetwork: boolean, read: (path: string) => string | undefined = readText): string {
  let text = read("/etc/resolv.conf") ?? "";
  const servers = nameservers(text);
  if (ownNetwork && servers.length === 1 && servers[0] === STUB_RESOLVER) {
    text = read("/run/systemd/resolve/resolv.conf") ?? text;
  }
  if (!ownNetwork && nameservers(text).length > 0) return text;

  const kept = text.split("\n").filter((line) => !isLoopback(serverOf(line)));
  if (nameservers(kept.join("\n")).length > 0) return kept.join("\n");
  const body = kept.join("\n").trimEnd();
  return `${body === "" ? "" : `${body}\n`}${PUBLIC_SERVERS.map((server) => `nameserver ${server}\n`).join("")}`;
}

/** The addresses that a resolv.conf names. */
export function nameservers(text: string): string[] {
  return text.split("\n").map(serverOf).filter((server) => server !== undefined);
}

function serverOf(line: string): string | undefined {
  return /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
}

function isLoopback(server: string | undefined): boolean {
  return server !== undefined && (/^127\./.test(server) || server === "::1");
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
