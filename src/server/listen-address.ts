import { BlockList, isIP, isIPv6 } from "node:net";
import { fault } from "../std/fault.ts";

export interface ListenAddress {
  /** Without brackets; empty means every address. */
  readonly host: string;
  readonly port: number;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Reads `127.0.0.1:5000`, `[::1]:0`, `localhost:5000` or `:5000` (every address). @throws SERVER_LISTEN_INVALID */
export function parseListenAddress(listen: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9.-]*)):(\d{1,5})$/.exec(listen);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535 || (match![1] !== undefined && !isIPv6(host))) throw fault("SERVER_LISTEN_INVALID", { listen });
  return { host, port };
}

/** Whether only this machine reaches the address; a name other than localhost is taken to be public. */
export function isLoopback({ host }: ListenAddress): boolean {
  if (host === "localhost") return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 6 ? "ipv6" : "ipv4");
}

/** `127.0.0.1:5000`, `[::1]:5000` */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
