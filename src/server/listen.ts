import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fault } from "../std/fault.ts";
import { formatListenAddress, type ListenAddress } from "./listen-address.ts";

/** @param text what messages call the address. @returns `host:port`. @throws SERVER_LISTEN_FAILED */
export function listen(server: Server, { host, port }: ListenAddress, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(fault("SERVER_LISTEN_FAILED", { listen: text, reason: listenReason(error) }, { cause: error })));
    server.listen({ port, ...(host === "" ? {} : { host }) }, () => {
      const bound = server.address() as AddressInfo;
      resolve(formatListenAddress({ host: bound.address, port: bound.port }));
    });
  });
}

function listenReason(error: NodeJS.ErrnoException): string {
  if (error.code === "EADDRINUSE") return "the port is in use";
  if (error.code === "EACCES") return "the port needs more rights";
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") return "this machine has no such address";
  return error.message;
}
