import { formatPlatform, type Platform } from "../oci/platform.ts";

const PROXY = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];
const FRONTEND = [
  "BUILDKIT_BUILD_NAME", "BUILDKIT_CACHE_MOUNT_NS", "BUILDKIT_CONTEXT_KEEP_GIT_DIR", "BUILDKIT_INLINE_CACHE", "BUILDKIT_MULTI_PLATFORM",
  "BUILDKIT_SANDBOX_HOSTNAME", "BUILDKIT_SYNTAX", "BUILDKIT_DOCKERFILE_CHECK", "BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE",
  "SOURCE_DATE_EPOCH",
];

/** ARGs that never become environment variables, even when declared. */
export function isNeverEnvironment(name: string): boolean {
  return name === "BUILDKIT_SBOM_SCAN_CONTEXT" || name === "BUILDKIT_SBOM_SCAN_STAGE";
}

/** Build args that need no ARG in the Dockerfile: proxies and settings of the frontend. */
export function isPredefinedArg(name: string): boolean {
  return PROXY.includes(name.toUpperCase()) || FRONTEND.includes(name);
}

/**
 * The proxy variables of the build args, each in upper and lower case, as `K=V` for RUN.
 * Names that the Dockerfile declares with ARG are ordinary there and are left out.
 */
export function proxyEnvironment(buildArgs: ReadonlyMap<string, string>, declared: ReadonlySet<string>): string[] {
  const result: string[] = [];
  for (const name of PROXY) {
    const value = buildArgs.get(name) ?? buildArgs.get(name.toLowerCase());
    if (value === undefined) continue;
    for (const spelling of [name, name.toLowerCase()]) if (!declared.has(spelling)) result.push(`${spelling}=${value}`);
  }
  return result;
}

/** Global ARGs that every Dockerfile has (BuildKit dockerfile2llb/platform.go); a stage sees one after a bare `ARG`. */
export function platformArgs(target: Platform, build: Platform, targetStage: string): Map<string, string> {
  return new Map([
    ["BUILDPLATFORM", formatPlatform(build)],
    ["BUILDOS", build.os],
    ["BUILDOSVERSION", build["os.version"] ?? ""],
    ["BUILDARCH", build.architecture],
    ["BUILDVARIANT", build.variant ?? ""],
    ["TARGETPLATFORM", formatPlatform(target)],
    ["TARGETOS", target.os],
    ["TARGETOSVERSION", target["os.version"] ?? ""],
    ["TARGETARCH", target.architecture],
    ["TARGETVARIANT", target.variant ?? ""],
    ["TARGETSTAGE", targetStage],
  ]);
}
