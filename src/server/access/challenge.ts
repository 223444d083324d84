import type { IncomingMessage } from "node:http";
import { originOf } from "../terms/client-origin.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { WantedAccess } from "./access-control.ts";

export const TOKEN_PATH = "/auth/token";
export const DEVICE_PATH = "/auth/device";

/** host, host:port, [v6]:port: anything else would end up in a header as it came. */
const HOST = /^(?:[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/**
 * `WWW-Authenticate` (RFC 6750, distribution spec/auth). The realm is on the address that the client used: crane and oras refuse
 * one on another private address. An anonymous client is challenged always, so that those who have a login use it.
 */
export function challenge(request: IncomingMessage, wanted: WantedAccess, options: { service: string; realm?: string; externalUrl?: string }, error?: "insufficient_scope" | "invalid_token"): string {
  const scopes = [
    ...(wanted.repository === undefined ? [] : [`repository:${wanted.repository}:${actionsFor(wanted.right ?? "pull")}`]),
    ...(wanted.from === undefined ? [] : [`repository:${wanted.from}:pull`]),
    ...(wanted.catalog === true ? ["registry:catalog:*"] : []),
  ];
  const fields = [`realm="${options.realm ?? `${baseUrl(request, options.externalUrl)}${TOKEN_PATH}`}"`, `service="${options.service}"`];
  if (scopes.length > 0) fields.push(`scope="${scopes.join(" ")}"`);
  if (error) fields.push(`error="${error}"`);
  return `Bearer ${fields.join(",")}`;
}

/** Clients that push also read. */
function actionsFor(right: string): string {
  if (right === "pull") return "pull";
  return right === "delete" ? "pull,delete" : "pull,push";
}

/** Where clients come to, as they know it. @throws RegistryError REQUEST_INVALID */
export function baseUrl(request: IncomingMessage, externalUrl: string | undefined): string {
  if (externalUrl !== undefined) return externalUrl.replace(/\/+$/, "");
  const { socket } = request;
  const { scheme, host = `${socket.localAddress?.includes(":") ? `[${socket.localAddress}]` : socket.localAddress}:${socket.localPort}` } = originOf(request);
  if (!HOST.test(host)) throw new RegistryError("REQUEST_INVALID", "Host or X-Forwarded-Host is not a host name with a port");
  return `${scheme}://${host}`;
}
