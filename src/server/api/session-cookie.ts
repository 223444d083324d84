import type { IncomingMessage } from "node:http";
import type { SessionToken } from "../access/sessions.ts";
import { originOf } from "../terms/client-origin.ts";
import type { ApiExchange } from "./api-exchange.ts";

type CookieExchange = Pick<ApiExchange, "request" | "response" | "config">;

const SESSION = "sampan-session";

export function sessionCookie(request: IncomingMessage): string | undefined {
  return readCookie(request, SESSION);
}

/** No other site has it sent. */
export function setSessionCookie(exchange: CookieExchange, { token, seconds }: SessionToken): void {
  setCookie(exchange, { name: SESSION, value: token, path: "/api/v1/", seconds, sameSite: "Strict" });
}

export function readCookie(request: IncomingMessage, name: string): string | undefined {
  const cookies = (request.headers.cookie ?? "").split(/; */);
  return cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1) || undefined;
}

/** No script reads it, and no other path gets it. */
export function setCookie({ request, response, config }: CookieExchange, cookie: { name: string; value: string; path: string; seconds: number; sameSite: "Strict" | "Lax" }): void {
  const encrypted = originOf(request).scheme === "https" || config.externalUrl?.startsWith("https:") === true;
  response.appendHeader("Set-Cookie", `${cookie.name}=${cookie.value}; Path=${cookie.path}; Max-Age=${cookie.seconds}; HttpOnly; SameSite=${cookie.sameSite}${encrypted ? "; Secure" : ""}`);
}
