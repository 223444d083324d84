import { fault } from "../std/fault.ts";

/**
 * The ports of one EXPOSE argument, `[ip:][hostPort:]port[-port][/proto]`, as config keys: `8000/tcp`.
 * Address and host port are checked and dropped.
 * @throws EXPOSE_INVALID with docker/go-connections' words
 */
export function parsePorts(argument: string): string[] {
  const invalid = (problem: string): Error => fault("EXPOSE_INVALID", { problem });
  const slash = argument.indexOf("/");
  const address = slash < 0 ? argument : argument.slice(0, slash);
  const proto = slash < 0 ? "tcp" : argument.slice(slash + 1).toLowerCase() || "tcp";
  const { ip, hostPort, containerPort } = splitAddress(address);
  if (containerPort === "") throw invalid(`invalid port: ${JSON.stringify(argument)}: no port specified`);
  if (!["tcp", "udp", "sctp"].includes(proto)) throw invalid(`invalid port: ${JSON.stringify(argument)}: invalid proto: ${proto}`);
  if (ip.startsWith("[")) throw invalid(`invalid IP address ${ip}: address ${ip}:: missing ']' in address`);
  if (ip !== "" && !isAddress(ip)) throw invalid(`invalid IP address: ${ip}`);
  const [first, last] = parseRange(containerPort, (text) => invalid(`invalid containerPort: ${text}`));
  if (hostPort !== "") {
    const [hostFirst, hostLast] = parseRange(hostPort, (text) => invalid(`invalid hostPort: ${text}`));
    if (hostLast - hostFirst !== last - first && first !== last) {
      throw invalid(`invalid ranges specified for container and host Ports: ${containerPort} and ${hostPort}`);
    }
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${proto}`);
}

function splitAddress(address: string): { ip: string; hostPort: string; containerPort: string } {
  const parts = address.split(":");
  const containerPort = parts.pop()!;
  const hostPort = parts.pop() ?? "";
  return { ip: parts.join(":").replace(/^\[(.*)\]$/, "$1"), hostPort, containerPort };
}

function parseRange(text: string, invalid: (text: string) => Error): [number, number] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) throw invalid(text);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (first > 65535 || last > 65535 || last < first) throw invalid(text);
  return [first, last];
}

function isAddress(text: string): boolean {
  const bytes = text.split(".");
  if (bytes.length === 4 && bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) < 256)) return true;
  return text.includes(":") && URL.canParse(`http://[${text}]/`);
}
