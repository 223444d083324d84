import { isIP } from "node:net";

/** Names that nobody can buy (RFC 6761, and those that are reserved for networks of one's own), and names without a dot. */
const OWN = /^(?:[^.]+|.+\.(?:localhost|internal|test|invalid|home\.arpa))\.?$/i;

/**
 * Whether a `Host` may be one of this machine. A page of another web site can give its own name the address of this machine (DNS rebinding) and is then let by
 * the browser to ask whatever listens here; its name shows it. Addresses have no such names.
 * @param expected more hosts, without ports
 */
export function isLoopbackHost(host: string | undefined, expected: readonly string[] = []): boolean {
  if (host === undefined) return true; // HTTP/1.0, which no browser speaks
  const name = /^\[(?<inner>[^\]]*)\](?::\d*)?$/.exec(host)?.groups?.["inner"] ?? host.replace(/:\d*$/, "");
  return isIP(name) !== 0 || OWN.test(name) || expected.includes(name.toLowerCase());
}
