import { isIP } from "node:net";
import { fault } from "../../std/fault.ts";
import type { PortRequest } from "../../store/container-record.ts";

type Protocol = PortRequest["protocol"];

/**
 * `[[IP:]HOST:]CONTAINER[/PROTOCOL]` of -p, by docker's rules: ranges of HOST and CONTAINER have the same length, or
 * CONTAINER is one port and HOST a range of which any free one is taken; without HOST it is any free one.
 * @throws USAGE, NOT_SUPPORTED
 */
export function portRequests(words: readonly string[]): PortRequest[] {
  return words.flatMap((text) => {
    const [address = "", protocol] = splitProtocol(text);
    const { ip, host, container } = splitAddress(address);
    if (ip !== "" && isIP(ip) === 0) throw invalid(text, `${JSON.stringify(ip)} is no address`);
    const [first, last] = range(container, text);
    const count = last - first + 1;
    if (host === "") return Array.from({ length: count }, (_, index) => ({ address: ip, host: 0, container: first + index, protocol }));
    const [hostFirst, hostLast] = range(host, text);
    if (count === 1 && hostLast > hostFirst) return [{ address: ip, host: hostFirst, last: hostLast, container: first, protocol }];
    if (hostLast - hostFirst + 1 !== count) throw invalid(text, "the two ranges differ in length");
    return Array.from({ length: count }, (_, index) => ({ address: ip, host: hostFirst + index, container: first + index, protocol }));
  });
}

/** `PORT[-PORT][/PROTOCOL]` of --expose as `80/tcp`. @throws USAGE, NOT_SUPPORTED */
export function exposedPorts(words: readonly string[]): string[] {
  return words.flatMap((text) => {
    const [ports = "", protocol] = splitProtocol(text);
    const [first, last] = range(ports, text);
    return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
  });
}

/** The requests of -P: each exposed port at any free one. */
export function publishAll(exposed: readonly string[]): PortRequest[] {
  return exposed.flatMap((text) => {
    const [port, protocol] = text.split("/");
    return protocol === "tcp" || protocol === "udp" ? [{ address: "", host: 0, container: Number(port), protocol }] : [];
  });
}

function splitProtocol(text: string): [ports: string, protocol: Protocol] {
  const slash = text.lastIndexOf("/");
  const protocol = slash < 0 ? "tcp" : text.slice(slash + 1).toLowerCase();
  if (protocol === "sctp") throw fault("NOT_SUPPORTED", { feature: `the protocol sctp of ${JSON.stringify(text)}` });
  if (protocol !== "tcp" && protocol !== "udp") throw invalid(text, `${JSON.stringify(protocol)} is no protocol`);
  return [slash < 0 ? text : text.slice(0, slash), protocol];
}

function splitAddress(address: string): { ip: string; host: string; container: string } {
  const parts = address.split(":");
  const container = parts.pop()!;
  const host = parts.pop() ?? "";
  return { ip: parts.join(":").replace(/^\[(.*)\]$/, "$1"), host, container };
}

function range(text: string, whole: string): [first: number, last: number] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (!match || first < 1 || last > 65535 || last < first) throw invalid(whole, `${JSON.stringify(text)} is no port`);
  return [first, last];
}

function invalid(text: string, problem: string): Error {
  return fault("USAGE", { problem: `invalid port ${JSON.stringify(text)}: ${problem}`, hint: "it looks like 8080:80, 127.0.0.1:8080:80/udp or 8000-8010:80-90" });
}
