import type { Exchange } from "./exchange.ts";
import { RegistryError } from "./terms/registry-error.ts";

/** Refuses to move a tag that is immutable, and to delete what it leads to. @throws RegistryError DENIED */
export function demandMutable({ repository, immutable }: Exchange, tag: string): void {
  if (immutable(repository, tag)) throw new RegistryError("DENIED", `the tag ${tag} of ${repository} is immutable: neither it nor what it leads to can be changed or deleted`);
}
