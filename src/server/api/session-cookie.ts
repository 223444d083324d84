import type { IncomingMessage } from "node:http";
import type { SessionToken } from "../access/sessions.ts";
import { originOf } from "../terms/client-origin.ts";
import type { ApiExchange } from "./api-exchange.ts";

const NAME = "sampan-session";

export function sessionCookie(request: IncomingMessage): string | undefined {
  const cookies = (request.headers.cookie ?? "").split(/; */);
  return cookies.find((cookie) => cookie.startsWith(`${NAME}=`))?.slice(NAME.length + 1) || undefined;
}

/** No script reads it, no other site has it sent, and no other path gets it. */
export function setSessionCookie({ request, response, config }: Pick<ApiExchange, "request" | "response" | "config">, { token, seconds }: SessionToken): void {
  const encrypted = originOf(request).scheme === "https" || config.externalUrl?.startsWith("https:") === true;
  response.setHeader("Set-Cookie", `${NAME}=${token}; Path=/api/v1/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${encrypted ? "; Secure" : ""}`);
}
