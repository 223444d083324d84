/**
 * Which keys of `auths` are about a repository, in the forms that docker and containers' tools write
 * (registry reference § 5.1 and § 5.2): `quay.io/team/app`, `quay.io`, `https://quay.io/v2/`.
 */

/** The key that docker uses for a host: Docker Hub has an old one. */
export function authKey(host: string): string {
  return canonicalHost(host) === "docker.io" ? "https://index.docker.io/v1/" : host;
}

/** What a key is about: a host, or a host and the path of a namespace or repository. A URL is about its host. */
export function keyPlace(key: string): string {
  const bare = key.replace(/^https?:\/\//i, "");
  const [host = "", ...path] = bare.replace(/\/+$/, "").split("/");
  // Docker's old keys ended in the version of the interface.
  const ofHost = bare !== key || (path.length === 1 && /^v[12]$/.test(path[0]!));
  return [canonicalHost(host), ...(ofHost ? [] : path)].join("/");
}

/** The places whose logins serve a repository, the most specific one first: `quay.io/team/app`, `quay.io/team`, `quay.io`. */
export function placesOf(host: string, repository?: string): string[] {
  const path = repository === undefined ? [] : repository.split("/");
  return Array.from({ length: path.length + 1 }, (_, less) => [canonicalHost(host), ...path.slice(0, path.length - less)].join("/"));
}

/** The keys that are about a place, the one that docker would write first. */
export function keysOf(entries: Readonly<Record<string, unknown>> | undefined, place: string): string[] {
  const keys = Object.keys(entries ?? {}).filter((key) => keyPlace(key) === place);
  const own = place.includes("/") ? place : authKey(place);
  return keys.sort((a, b) => Number(b === own) - Number(a === own));
}

/** One name for the hosts that Docker Hub goes by. */
function canonicalHost(host: string): string {
  const name = host.toLowerCase();
  return name === "index.docker.io" || name === "registry-1.docker.io" ? "docker.io" : name;
}
