import { readFileSync } from "node:fs";
import { defaultGateway } from "../linux/default-gateway.ts";
import { fault } from "../std/fault.ts";
import { nameservers, resolvConf } from "./resolv-conf.ts";

/** What stands for this machine in a container with a network of its own. */
export interface HostGateway {
  /** Of the default gateway: pasta takes what is sent there to this machine's loopback. */
  readonly address: string;
  /** Whether the container asks it for names, which have to go to the gateway all the same. */
  readonly isNameServer: boolean;
}

/**
 * Where a container behind pasta reaches this machine.
 * @throws NETWORK_FAILED where there is no gateway
 */
export function gatewayByPasta(routes: string = readFileSync("/proc/net/route", "utf8"), resolver: string = resolvConf(true)): HostGateway {
  const address = defaultGateway(routes);
  if (address === undefined) {
    throw fault("NETWORK_FAILED", { problem: "host-gateway cannot be given to a container with a network of its own: this machine has no default route, whose gateway would stand for it" });
  }
  return { address, isNameServer: nameservers(resolver).includes(address) };
}
