import type { Distribution } from "./distribution.ts";

/** Makers of packages for distributions that are not theirs: what these bring of other people's packages is not the distribution's. */
const MAKERS = /\b(?:docker|nvidia|hashicorp|microsoft|elastic|mongodb|nodesource|grafana|datadog|postgresql global|redis|influxdata|gitlab|google)\b/i;

/** Distributions of makers that otherwise make packages for those of others. */
const OWN = new Set(["mariner", "azurelinux"]);

/** Whether the maintainer of a package is somebody else than the distribution. */
export function isForeign(supplier: string | undefined, distribution: Distribution | undefined): boolean {
  return !OWN.has(distribution?.id ?? "") && supplier !== undefined && MAKERS.test(supplier) && !/@(?:[a-z0-9.-]+\.)?(?:debian|ubuntu|canonical|alpinelinux)\.(?:org|com)\b/i.test(supplier);
}
