import type { ClientAccess } from "../../build/lazy-client.ts";
import type { Location } from "../../carry/location.ts";
import { givenLogin } from "../flags/given-login.ts";
import type { Io } from "../io.ts";
import type { CopyCall } from "./surroundings.ts";

export interface CopyAccessFlags {
  readonly insecure: boolean;
  readonly "src-creds": string | undefined;
  readonly "dest-creds": string | undefined;
}

/** Access to both ends, as skopeo's flags say it. @throws USAGE, NO_TERMINAL */
export async function copyAccess(flags: CopyAccessFlags, source: Location, target: Location, call: { io: Io; signal: AbortSignal }): Promise<CopyCall["access"]> {
  const { insecure } = flags;
  const access = async (flag: "src-creds" | "dest-creds", location: Location): Promise<ClientAccess> => {
    const creds = flags[flag];
    if (creds === undefined) return { insecure };
    return { insecure, logins: await givenLogin(creds, location.kind === "registry" ? [location.reference.host] : [], { ...call, flag: `--${flag}` }) };
  };
  return { source: await access("src-creds", source), target: await access("dest-creds", target) };
}
