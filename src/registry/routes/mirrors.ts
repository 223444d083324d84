import { fault } from "../../std/fault.ts";
import { hideLogin } from "./hide-login.ts";

/**
 * Reads SAMPAN_REGISTRY_MIRRORS, `docker.io=http://127.0.0.1:15001,ghcr.io=https://mirror.example/ghcr`: the
 * mirrors of each registry host in the order to try. A path of a URL stands before the repository's name.
 * @throws MIRRORS_INVALID
 */
export function parseMirrors(text: string | undefined): ReadonlyMap<string, readonly string[]> {
  const mirrors = new Map<string, string[]>();
  for (const entry of (text ?? "").split(",").map((item) => item.trim()).filter(Boolean)) {
    const equals = entry.indexOf("=");
    if (equals <= 0) throw invalid(entry, "it is not host=url");
    const host = hubName(entry.slice(0, equals).trim());
    const url = entry.slice(equals + 1).trim();
    checkUrl(url, entry);
    mirrors.set(host, [...(mirrors.get(host) ?? []), url.replace(/\/+$/, "")]);
  }
  return mirrors;
}

function checkUrl(text: string, entry: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw invalid(entry, "the part after = is not a URL");
  if (url.protocol !== "http:" && url.protocol !== "https:") throw invalid(entry, "the URL must begin with http:// or https://");
  if (url.username || url.password) throw invalid(entry, `logins do not belong here, use \`sampan login ${url.host}\``);
  if (url.search || url.hash) throw invalid(entry, "the URL must not have a query");
}

function invalid(entry: string, problem: string): Error {
  return fault("MIRRORS_INVALID", { entry: hideLogin(entry), problem });
}

function hubName(host: string): string {
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}
