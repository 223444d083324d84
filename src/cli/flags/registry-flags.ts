import type { ClientAccess } from "../../build/lazy-client.ts";
import { mirrorTrouble } from "../../registry/routes/mirror-trouble.ts";
import type { Io } from "../io.ts";
import { flagTable, type FlagValues } from "./flag.ts";

/** The flags of every command that speaks to a registry; {@link registryAccess} makes of them what `lazyClient` takes. */
export const registryFlags = flagTable({
  creds: { kind: "text", value: "USER[:PASSWORD]", help: "Login for the registry that is named, instead of the one that is kept; a password that is not given is asked for", group: "Registry" },
  "no-creds": { kind: "switch", help: "Do not log in", group: "Registry" },
  authfile: { kind: "text", value: "PATH", help: "Look for logins in this file only, in docker's or containers' format", group: "Registry" },
  insecure: { kind: "switch", help: "Speak plain HTTP to the registry, or HTTPS without checking its certificate", group: "Registry" },
});

/**
 * Access as the flags say. `hosts` are the registries that the command line names: the login of --creds goes there
 * and to no other, and there can be one only. @throws USAGE, NO_TERMINAL
 */
export async function registryAccess(flags: FlagValues<typeof registryFlags>, hosts: readonly string[], call: { io: Io; signal: AbortSignal }): Promise<ClientAccess> {
  const { creds, authfile } = flags;
  const access = { insecure: flags.insecure, onMirrorFailure: mirrorWarnings(call.io), ...(authfile === undefined ? {} : { authFile: await readableFile(authfile, call.io.cwd) }) };
  if (flags["no-creds"]) {
    if (creds !== undefined) throw (await import("../../std/fault.ts")).fault("USAGE", { problem: "--creds and --no-creds cannot be given together" });
    return { ...access, anonymous: true };
  }
  if (creds === undefined) return access;
  const { givenLogin } = await import("./given-login.ts");
  return { ...access, logins: await givenLogin(creds, hosts, call) };
}

/** A file that is named must be there, unlike those that are merely looked for. */
export async function readableFile(path: string, cwd: string): Promise<string> {
  const [{ resolve }, { access, constants }] = await Promise.all([import("node:path"), import("node:fs/promises")]);
  const file = resolve(cwd, path);
  await access(file, constants.R_OK);
  return file;
}

/** Tells of mirrors that are passed over, each trouble once; at the end where a live picture would be spoilt. */
function mirrorWarnings({ stdout, stderr }: Io): ClientAccess["onMirrorFailure"] {
  const said = new Set<string>();
  return (mirror, reason) => {
    const line = `WARNING: ${mirrorTrouble(mirror, reason)}\n`;
    if (said.has(line)) return;
    said.add(line);
    if (stdout.isTTY) process.once("exit", () => stderr.write(line));
    else stderr.write(line);
  };
}
