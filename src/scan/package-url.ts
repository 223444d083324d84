import packages from "packageurl-js";
import { distributionWord, type Distribution } from "./distribution.ts";
import type { FoundPackage } from "./package.ts";

/**
 * The package URL of a package, by the rules of its type; those of distributions as syft writes them, with the source package as `upstream`.
 * @returns undefined where the words make none
 */
export function packageUrl(found: FoundPackage, distribution: Distribution | undefined): string | undefined {
  const { type, name } = found;
  const version = type === "rpm" ? found.version.replace(EPOCH, "") : found.version;
  const [space, own] = type === "deb" || type === "apk" || type === "rpm" ? [distribution?.id ?? DISTRIBUTION_OF[type], name] : split(type === "golang" ? name.toLowerCase() : name);
  try {
    return new packages.PackageURL(type, space || undefined, own, version || undefined, qualifiers(found, distribution), undefined).toString();
  } catch {
    return undefined;
  }
}

/** `pkg:oci/app@sha256:…?repository_url=registry.example.com/team/app` */
export function imageUrl(repository: string, digest: string, architecture: string | undefined): string {
  const name = repository.slice(repository.lastIndexOf("/") + 1).toLowerCase();
  return new packages.PackageURL("oci", undefined, name, digest, { repository_url: repository, ...(architecture ? { arch: architecture } : {}) }, undefined).toString();
}

/** What a system of such packages is most likely, where it does not say. */
const DISTRIBUTION_OF = { deb: "debian", apk: "alpine", rpm: "" } as const;

const EPOCH = /^(\d+):/;

/** All but the last part of a name is its namespace. */
function split(name: string): [string, string] {
  const cut = name.lastIndexOf("/");
  return cut < 0 ? ["", name] : [name.slice(0, cut), name.slice(cut + 1)];
}

function qualifiers({ type, name, version, architecture, source }: FoundPackage, distribution: Distribution | undefined): Record<string, string> | undefined {
  if (type !== "deb" && type !== "apk" && type !== "rpm") return undefined;
  const of = { ...(architecture ? { arch: architecture } : {}), ...(distribution ? { distro: distributionWord(distribution) } : {}) };
  if (type === "rpm") {
    const epoch = EPOCH.exec(version)?.[1];
    return { ...of, ...(epoch === undefined ? {} : { epoch }), ...(source ? { upstream: `${source.name}-${source.version}.src.rpm` } : {}) };
  }
  const upstream = source && (source.version !== "" && source.version !== version ? `${source.name}@${source.version}` : source.name);
  return { ...of, ...(upstream !== undefined && upstream !== name ? { upstream } : {}) };
}
