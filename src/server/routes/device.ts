import { sendJson, type Exchange } from "../exchange.ts";
import { originOf } from "../terms/client-origin.ts";
import { RegistryError } from "../terms/registry-error.ts";

/** Begins the login of a person who confirms it in a browser (RFC 8628, 3.2); the token endpoint ends it. */
export async function startDeviceLogin(exchange: Exchange): Promise<void> {
  const { request, access } = exchange;
  if (!access.startDeviceLogin) throw new RegistryError("UNSUPPORTED", "this registry has no identity provider that could confirm a login", { status: 404 });
  sendJson(exchange, await access.startDeviceLogin(originOf(request)), { "Cache-Control": "no-store" });
}
