import { formatPlatform, hostPlatform, parsePlatform, type Platform } from "../oci/platform.ts";
import { fault } from "../std/fault.ts";
import type { BuildOptions, WrittenOutput } from "./build-options.ts";

/** What is built for, and whether an index stands around the images. */
export interface PlatformPlan {
  /** In the order of the command line, each once. */
  readonly platforms: readonly Platform[];
  /** Nobody said what to build for. */
  readonly implicit: boolean;
  /** Several were asked for, or BUILDKIT_MULTI_PLATFORM says to do as if. */
  readonly several: boolean;
}

/** @throws PLATFORM_INVALID, PLATFORMS_CONFLICT, BOOLEAN_INVALID */
export function planPlatforms({ platform, buildArgs = {} }: Pick<BuildOptions, "platform" | "buildArgs">): PlatformPlan {
  const host = hostPlatform(process.arch);
  const words = (typeof platform === "string" ? [platform] : (platform ?? [])).flatMap((text) => text.split(",")).filter((word) => word.trim() !== "");
  const wanted = new Map(words.map((word) => parsePlatform(word, host)).map((each) => [formatPlatform(each), each]));
  const forced = readSwitch(buildArgs["BUILDKIT_MULTI_PLATFORM"]);
  if (wanted.size > 1 && forced === false) throw fault("PLATFORMS_CONFLICT", { platforms: [...wanted.keys()] });
  const several = forced ?? wanted.size > 1;
  return { platforms: wanted.size > 0 ? [...wanted.values()] : [host], implicit: wanted.size === 0, several };
}

/** What every `docker load` reads is one image. @throws PLATFORMS_UNSUPPORTED */
export function refuseSeveral(outputs: readonly WrittenOutput[]): void {
  for (const { type } of outputs) if (type === "docker") throw fault("PLATFORMS_UNSUPPORTED", { archive: true });
}

/** Go's strconv.ParseBool, as the frontend reads it. */
function readSwitch(text: string | undefined): boolean | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw fault("BOOLEAN_INVALID", { name: "BUILDKIT_MULTI_PLATFORM", value: text });
}
