import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { fault } from "../std/fault.ts";
import type { PortRequest, PublishedPort } from "../store/container-record.ts";

/** How many ports of a range are tried. */
const TRIES = 1000;

/**
 * Finds the ports of this machine to publish a container's at: those that were asked for, which have to be free, or any free ones.
 * @throws PORT_TAKEN
 */
export async function choosePorts(requests: readonly PortRequest[]): Promise<PublishedPort[]> {
  const chosen: PublishedPort[] = [];
  for (const { address, host, last, container, protocol } of requests) {
    const taken = (port: number): boolean => chosen.some((other) => other.host === port && other.protocol === protocol && other.address === address);
    const candidates = last === undefined ? [host] : Array.from({ length: Math.min(last - host + 1, TRIES) }, (_, index) => host + index);
    let problem = "all ports of the range are in use";
    let found: number | undefined;
    for (const port of candidates) {
      if (port !== 0 && taken(port)) continue;
      try {
        found = await tryPort(address, port, protocol);
        break;
      } catch (error) {
        if (candidates.length === 1) problem = describe(error as NodeJS.ErrnoException);
      }
    }
    if (found === undefined) throw fault("PORT_TAKEN", { port: `${address === "" ? "0.0.0.0" : address}:${host}/${protocol}`, problem });
    chosen.push({ address, host: found, container, protocol });
  }
  return chosen;
}

/** Listens at a port for a moment; 0 stands for any free one. */
function tryPort(address: string, port: number, protocol: "tcp" | "udp"): Promise<number> {
  const host = address === "" ? "0.0.0.0" : address;
  return new Promise((resolve, reject) => {
    if (protocol === "tcp") {
      const server = createServer().once("error", reject);
      server.listen({ host, port, exclusive: true }, () => {
        const { port: found } = server.address() as { port: number };
        server.close(() => resolve(found));
      });
    } else {
      const socket = createSocket(host.includes(":") ? "udp6" : "udp4").once("error", reject);
      socket.bind({ address: host, port, exclusive: true }, () => {
        const { port: found } = socket.address();
        socket.close(() => resolve(found));
      });
    }
  });
}

function describe({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "EADDRINUSE": return "it is already in use";
    case "EACCES": return "this user may not listen at it";
    case "EADDRNOTAVAIL": return "this machine does not have that address";
    default: return message;
  }
}
