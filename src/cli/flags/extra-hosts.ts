import { isIP } from "node:net";
import { HOST_GATEWAY } from "../../exec/hosts-file.ts";
import { fault } from "../../std/fault.ts";

/**
 * `HOST:IP` or `HOST=IP` of --add-host; an IPv6 address may stand in brackets, several addresses with commas between them, and
 * `host-gateway` for where the container reaches this machine.
 * @param options.gateway why that cannot be meant, and what can be done
 * @throws USAGE, NOT_SUPPORTED
 */
export function extraHosts(words: readonly string[], { gateway }: { readonly gateway?: { readonly refused: string; readonly hint: string } | undefined } = {}): { name: string; ip: string }[] {
  return words.flatMap((word) => {
    const at = word.search(/[:=]/);
    const name = word.slice(0, Math.max(0, at));
    const addresses = word.slice(at + 1).split(",").map((ip) => ip.replace(/^\[(.*)\]$/, "$1"));
    const isGateway = addresses.length === 1 && addresses[0] === HOST_GATEWAY;
    if (name !== "" && isGateway && gateway) throw fault("NOT_SUPPORTED", { feature: `${HOST_GATEWAY} in --add-host ${gateway.refused}`, hint: gateway.hint });
    if (name === "" || (!isGateway && addresses.some((ip) => isIP(ip) === 0))) {
      throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(word)} for --add-host`, hint: "it looks like HOST:IP, db.internal:10.0.0.7" });
    }
    return addresses.map((ip) => ({ name, ip }));
  });
}

/** Without a network there is no way to this machine. */
export function gatewayOf(network: string | undefined): { readonly gateway?: { readonly refused: string; readonly hint: string } } {
  return network === "none" ? { gateway: { refused: "without a network", hint: "leave --network none away" } } : {};
}
