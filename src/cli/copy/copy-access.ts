import type { ClientAccess } from "../../build/lazy-client.ts";
import type { Location } from "../../carry/location.ts";
import { givenLogin } from "../flags/given-login.ts";
import { readableFile, registryAccess } from "../flags/registry-flags.ts";
import type { Io } from "../io.ts";
import type { CopyCall } from "./surroundings.ts";

export interface CopyAccessFlags {
  readonly insecure: boolean;
  /** Ends whose certificates are not to be checked. */
  readonly unverified: { readonly src: boolean; readonly dest: boolean };
  readonly "src-creds": string | undefined;
  readonly "dest-creds": string | undefined;
  readonly authfile: string | undefined;
  readonly "src-authfile": string | undefined;
  readonly "dest-authfile": string | undefined;
}

/** Access to both ends, as skopeo's flags say it. @throws USAGE, NO_TERMINAL */
export async function copyAccess(flags: CopyAccessFlags, source: Location, target: Location, call: { io: Io; signal: AbortSignal }): Promise<CopyCall["access"]> {
  const both = await registryAccess({ insecure: flags.insecure, authfile: undefined, creds: undefined, "no-creds": false }, [], call);
  const access = async (end: "src" | "dest", location: Location): Promise<ClientAccess> => {
    const [creds, file] = [flags[`${end}-creds`], flags[`${end}-authfile`] ?? flags.authfile];
    return {
      ...both,
      insecure: flags.insecure || flags.unverified[end],
      ...(file === undefined ? {} : { authFile: await readableFile(file, call.io.cwd) }),
      ...(creds === undefined ? {} : { logins: await givenLogin(creds, location.kind === "registry" ? [location.reference.host] : [], { ...call, flag: `--${end}-creds` }) }),
    };
  };
  return { source: await access("src", source), target: await access("dest", target) };
}
