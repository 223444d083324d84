import type { Target } from "../../bake/target.ts";
import { suggest } from "../../dockerfile/suggest.ts";
import { fault } from "../../std/fault.ts";

/** What a bake file cannot give itself: who runs it has to. */
const ENTITLEMENTS = ["network.host", "security.insecure"];
/** What buildx asks for too, and is free here: a bake file may name any file that its user may read. */
const FREE = ["fs", "fs.read", "fs.write", "ssh", "image.load"];

/**
 * Sees to it that targets take no rights that --allow does not give, as with buildx.
 * @throws BAKE_NOT_ALLOWED, USAGE for an entitlement that there is not
 */
export function requireConsent(targets: readonly Target[], allowed: readonly string[]): void {
  for (const value of allowed) {
    const name = value.replace(/=.*$/s, "");
    if (ENTITLEMENTS.includes(value) || FREE.includes(name)) continue;
    const near = suggest(name, [...ENTITLEMENTS, ...FREE]);
    throw fault("USAGE", { problem: `invalid entitlement ${JSON.stringify(value)} for --allow`, hint: near ? `did you mean ${near}?` : `it is one of ${[...ENTITLEMENTS, ...FREE].join(", ")}` });
  }
  for (const { name, entitlements = [] } of targets) {
    const missing = entitlements.find((entitlement) => ENTITLEMENTS.includes(entitlement) && !allowed.includes(entitlement));
    if (missing !== undefined) throw fault("BAKE_NOT_ALLOWED", { target: name, entitlement: missing });
  }
}
