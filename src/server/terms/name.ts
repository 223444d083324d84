import { RegistryError } from "./registry-error.ts";

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
/** Clients refuse host, `/` and name above 255 characters together; a path component on disk has the same limit. */
const NAME_LIMIT = 255;

/** @throws RegistryError NAME_INVALID */
export function checkName(name: string): void {
  if (!isName(name)) throw new RegistryError("NAME_INVALID", "the repository name does not follow the grammar or is longer than 255 characters", { detail: { name: name.slice(0, 300) } });
}

/** distribution-spec, "Pulling manifests": the grammar of `<name>`. */
export function isName(name: string): boolean {
  return name.length <= NAME_LIMIT && NAME.test(name);
}
