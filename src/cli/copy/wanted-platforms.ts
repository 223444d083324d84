import type { WantedPlatforms } from "../../carry/choose-root.ts";
import { hostPlatform, parsePlatform } from "../../oci/platform.ts";
import { fault } from "../../std/fault.ts";

/** What --all and --platform ask for; by default the machine's own platform, as with skopeo. @throws USAGE, PLATFORM_INVALID */
export function wantedPlatforms(flags: { readonly all: boolean; readonly platform: readonly string[] }): WantedPlatforms {
  const listed = flags.platform.flatMap((word) => word.split(","));
  if (flags.all && listed.length > 0) throw fault("USAGE", { problem: "--all and --platform cannot be given together" });
  if (flags.all) return "all";
  return listed.length === 0 ? [hostPlatform(process.arch)] : listed.map((word) => parsePlatform(word));
}
