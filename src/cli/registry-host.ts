import { formatRepository, parseReference } from "../oci/reference.ts";
import { fault, isFault } from "../std/fault.ts";

/** The host that a person means by SERVER of login and logout: a host, a URL of it, or nothing for Docker Hub. */
export function registryHost(server: string | undefined): string {
  if (server === undefined || server === "") return "docker.io";
  const host = server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  if (!/^(?:[\w.-]+|\[[\da-fA-F:]+\])(?::\d+)?$/.test(host)) throw fault("USAGE", { problem: `${JSON.stringify(server)} names no registry`, hint: "it looks like registry.example.com or 127.0.0.1:5000" });
  return /^(?:index|registry-1)\.docker\.io$/.test(host) ? "docker.io" : host;
}

/** What `auth doctor` looks at: a host that stands alone, else the repository of an image's name. @throws REFERENCE_INVALID */
export function examinedPlace(text: string): { readonly host: string; readonly repository?: string } {
  if (/^(?:https?:\/\/)?(?:[\w-]+(?:\.[\w-]+)+|localhost|[\w.-]+(?=:\d+\/?$)|\[[\da-fA-F:]+\])(?::\d+)?\/?$/.test(text)) return { host: registryHost(text) };
  const { host, repository } = parseReference(text.replace(/^(?:https?|docker):\/\//, ""), { implicitTag: false });
  return { host, repository };
}

/** What a login is for: a host, or a namespace of it where an auth file is written, whose entries may be so narrow. */
export function loginPlace(server: string | undefined, authFile: string | undefined): { readonly host: string; readonly place: string } {
  const host = registryHost(server);
  const path = authFile === undefined || server === undefined || /^https?:/.test(server) ? "" : server.replace(/^[^/]*/, "").replace(/\/+$/, "");
  if (path === "") return { host, place: host };
  return { host, place: formatRepository(parseReference(`${host}${path}`, { implicitTag: false })) };
}

/** The registries that names of images lead to; what is no name, such as an image's id, leads to none. */
export function registryHosts(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    try {
      return [parseReference(name).host];
    } catch (error) {
      if (isFault(error, "REFERENCE_INVALID")) return [];
      throw error;
    }
  });
}
