import { fault } from "../../std/fault.ts";

/**
 * Reads SAMPAN_REGISTRY_MIRRORS, `docker.io=http://127.0.0.1:15001,ghcr.io=https://mirror.example/ghcr`: the
 * mirrors of each registry host in the order to try. A path of a URL stands before the repository's name.
 * @throws MIRRORS_INVALID
 */
export function parseMirrors(text: string | undefined): ReadonlyMap<string, readonly string[]> {
  const mirrors = new Map<string, string[]>();
  for (const entry of (text ?? "").split(",").map((item) => item.trim()).filter(Boolean)) {
    const equals = entry.indexOf("=");
    if (equals <= 0) throw fault("MIRRORS_INVALID", { entry, problem: "it is not host=url" });
    const host = hubName(entry.slice(0, equals).trim());
    const url = entry.slice(equals + 1).trim();
    checkUrl(url, entry);
    mirrors.set(host, [...(mirrors.get(host) ?? []), url.replace(/\/+$/, "")]);
  }
  return mirrors;
}

function checkUrl(text: string, entry: string): void {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw fault("MIRRORS_INVALID", { entry, problem: "the part after = is not a URL" });
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw fault("MIRRORS_INVALID", { entry, problem: "the URL must begin with http:// or https://" });
  if (url.username || url.password) {
    throw fault("MIRRORS_INVALID", { entry: entry.replace(/\/\/[^@/]*@/, "//***@"), problem: `logins do not belong here, use \`sampan login ${url.host}\`` });
  }
  if (url.search || url.hash) throw fault("MIRRORS_INVALID", { entry, problem: "the URL must not have a query" });
}

function hubName(host: string): string {
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}
