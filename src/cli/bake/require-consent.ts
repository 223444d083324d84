import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Target } from "../../bake/target.ts";
import { HOST_GATEWAY } from "../../exec/hosts-file.ts";
import { suggest } from "../../dockerfile/suggest.ts";
import { fault } from "../../std/fault.ts";
import { isFalse, isYes } from "../build/output-attributes.ts";
import type { Call } from "../command.ts";
import type { bakeFlags } from "./bake-flags.ts";
import { bakePlace, isElsewhere } from "./bake-place.ts";

/** What a bake file cannot give itself: who runs it has to. */
const ENTITLEMENTS = ["network.host", "security.insecure"];
/** What buildx asks for too, and a file of this machine has: it may name any file that its user may read. */
const FREE = ["fs", "fs.read", "fs.write", "ssh", "image.load"];

/** What a definition from elsewhere would take of this machine, of which its reader may know nothing. */
interface Taken {
  readonly right: "fs.read" | "fs.write" | "network.host" | "ssh";
  readonly path?: string;
}

export interface Consent {
  /** `--allow` */
  readonly allowed: readonly string[];
  readonly cwd: string;
  /** The definition is not of this machine. */
  readonly elsewhere: boolean;
}

export function consentOf({ flags, io, positionals }: Call<typeof bakeFlags>): Consent {
  // As with buildx, both variables give all files of this machine to a definition from elsewhere.
  const files = isYes(io.env["BAKE_ALLOW_REMOTE_FS_ACCESS"]) || isFalse(io.env["BUILDX_BAKE_ENTITLEMENTS_FS"]) ? ["fs=*"] : [];
  return { allowed: [...flags.allow, ...files], cwd: io.cwd, elsewhere: bakePlace(positionals).place !== undefined };
}

/**
 * Sees to it that targets take no rights that --allow does not give, as with buildx.
 * @throws BAKE_NOT_ALLOWED, USAGE for an entitlement that there is not
 */
export function requireConsent(targets: readonly Target[], { allowed, cwd, elsewhere }: Consent): void {
  refuseUnknown(allowed);
  for (const target of targets) {
    const { name, entitlements = [] } = target;
    const taken = elsewhere ? takenOf(target).find((one) => !isAllowed(one, allowed, cwd)) : undefined;
    if (taken) throw fault("BAKE_NOT_ALLOWED", { target: name, entitlement: taken.path === undefined ? taken.right : `${taken.right}=${taken.path}` });
    const missing = entitlements.find((entitlement) => ENTITLEMENTS.includes(entitlement) && !allowed.includes(entitlement));
    if (missing !== undefined) throw fault("BAKE_NOT_ALLOWED", { target: name, entitlement: missing });
  }
}

/** @param allowed what --allow was given @throws USAGE for an entitlement that there is not */
export function refuseUnknown(allowed: readonly string[]): void {
  for (const value of allowed) {
    const name = value.replace(/=.*$/s, "");
    if (ENTITLEMENTS.includes(value) || FREE.includes(name)) continue;
    const near = suggest(name, [...ENTITLEMENTS, ...FREE]);
    throw fault("USAGE", { problem: `invalid entitlement ${JSON.stringify(value)} for --allow`, hint: near ? `did you mean ${near}?` : `it is one of ${[...ENTITLEMENTS, ...FREE].join(", ")}` });
  }
}

function takenOf({ context = ".", contexts = {}, dockerfile = "", "extra-hosts": hosts = {}, secret = [], ssh = [], output = [], "cache-from": cacheFrom = [], "cache-to": cacheTo = [] }: Target): Taken[] {
  // It leads to what listens on this machine's loopback only, as the network of the machine does.
  const reachesHost = Object.values(hosts).some((address) => address.replace(/^\[(.*)\]$/, "$1") === HOST_GATEWAY);
  const read = (paths: readonly (string | undefined)[]): Taken[] => paths.flatMap((path) => (path ? [{ right: "fs.read" as const, path }] : []));
  return [
    ...(reachesHost ? [{ right: "network.host" as const }] : []),
    ...read([context, ...Object.values(contexts), ...(dockerfile.startsWith("cwd://") ? [dockerfile] : [])].map(localPath)),
    ...read(secret.map(({ src }) => src)),
    ...read(cacheFrom.map(({ type, src }) => (type === "local" ? src : undefined))),
    ...read(ssh.flatMap(({ paths }) => paths?.split(",") ?? [])),
    ...ssh.flatMap(({ paths }) => (paths === undefined ? [{ right: "ssh" as const }] : [])),
    ...[...output, ...cacheTo].flatMap(({ dest }) => (dest && dest !== "-" ? [{ right: "fs.write" as const, path: dest }] : [])),
  ];
}

function localPath(place: string): string | undefined {
  if (place.startsWith("target:") || place.startsWith("docker-image:") || isElsewhere(place)) return undefined;
  return place.replace(/^(?:cwd|oci-layout):\/\//, "").replace(/@sha256:[0-9a-f]+$/, "");
}

/** The folder in which bake runs is free; links out of it are not. */
function isAllowed({ right, path }: Taken, allowed: readonly string[], cwd: string): boolean {
  if (path === undefined) return allowed.includes(right);
  const real = realPath(resolve(cwd, path));
  const folders = allowed.flatMap((value) => [right, "fs"].flatMap((name) => (value.startsWith(`${name}=`) ? [value.slice(name.length + 1)] : [])));
  return folders.includes("*") || [".", ...folders].some((folder) => `${real}/`.startsWith(`${realPath(resolve(cwd, folder)).replace(/\/$/, "")}/`));
}

/** The real path of what is there, with what is not yet there below it. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What cannot be looked at is nowhere that --allow names.
    return code === "ENOENT" || code === "ENOTDIR" ? join(realPath(dirname(path)), basename(path)) : "/";
  }
}
