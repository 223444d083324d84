import { formatPlatform, hostPlatform, parsePlatform, platformMatches, type Platform } from "../oci/platform.ts";
import { fault } from "../std/fault.ts";

/** The platform to build for: the machine's own, unless one that it can run is named. @throws PLATFORM_FOREIGN */
export function checkPlatform(written: string | undefined): Platform {
  const host = hostPlatform(process.arch);
  if (written === undefined) return host;
  const wanted = parsePlatform(written, host);
  if (!platformMatches(host, wanted)) throw fault("PLATFORM_FOREIGN", { platform: formatPlatform(wanted), host: formatPlatform(host) });
  return wanted;
}
