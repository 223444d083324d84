import { isIP } from "node:net";
import { fault } from "../../std/fault.ts";

/** `HOST:IP` or `HOST=IP` of --add-host; an IPv6 address may stand in brackets. */
export function extraHosts(words: readonly string[]): { name: string; ip: string }[] {
  return words.map((word) => {
    const at = word.search(/[:=]/);
    const name = word.slice(0, Math.max(0, at));
    const ip = word.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
    if (name !== "" && ip === "host-gateway") throw fault("NOT_SUPPORTED", { feature: "host-gateway in --add-host", hint: "write the address of the host instead" });
    if (name === "" || isIP(ip) === 0) {
      throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(word)} for --add-host`, hint: "it looks like HOST:IP, db.internal:10.0.0.7" });
    }
    return { name, ip };
  });
}
