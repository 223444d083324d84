import { readFileSync } from "node:fs";
import { defaultGateway } from "../linux/default-gateway.ts";
import { fault } from "../std/fault.ts";
import { nameservers, resolvConf } from "./resolv-conf.ts";

/**
 * Where a container behind pasta reaches this machine: pasta takes what is sent to the gateway's address to this machine's loopback.
 * @throws NETWORK_FAILED where there is no gateway, or the container has to reach the gateway itself
 */
export function gatewayByPasta(routes: string = readFileSync("/proc/net/route", "utf8"), resolver: string = resolvConf(true)): string {
  const gateway = defaultGateway(routes);
  const refuse = (problem: string): Error => fault("NETWORK_FAILED", { problem: `host-gateway cannot be given to a container with a network of its own: ${problem}` });
  if (gateway === undefined) throw refuse("this machine has no default route, whose gateway would stand for it");
  if (nameservers(resolver).includes(gateway)) throw refuse(`${gateway}, which would stand for this machine, is the name server as well`);
  return gateway;
}
