import { timingSafeEqual } from "node:crypto";
import { baseUrl } from "../access/challenge.ts";
import type { CodeSecrets } from "../access/code-flow.ts";
import type { SessionsElsewhere } from "../access/sessions.ts";
import { originOf } from "../terms/client-origin.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { Redirect, type ApiExchange } from "./api-exchange.ts";
import { readCookie, setCookie, setSessionCookie } from "./session-cookie.ts";

const COOKIE = "sampan-login";
const PATH = "/api/v1/oidc/";
/** How long somebody may take at the provider. */
const SECONDS = 600;
const LONGEST = 2048;
/** An address on the pages, which is put into a header as it is. */
const BACK = /^#\/[\x21-\x7e]{0,500}$/;

/** What the browser keeps meanwhile. */
interface BegunLogin extends CodeSecrets {
  /** Where on the pages the login was begun. */
  readonly back: string;
}

/** Sends the browser to the identity provider. */
export async function beginLogin(exchange: ApiExchange): Promise<Redirect> {
  const back = exchange.query.get("back") ?? "";
  const { url, secrets } = await elsewhereOf(exchange).begin(callbackUrl(exchange));
  keepLogin(exchange, Buffer.from(JSON.stringify({ ...secrets, back: BACK.test(back) ? back : "#/" })).toString("base64url"), SECONDS);
  return new Redirect(url);
}

/** Takes the provider's answer, which the browser brings, and sends that to the pages: logged in, or told in a word why not. */
export async function finishLogin(exchange: ApiExchange): Promise<Redirect> {
  const { query, request } = exchange;
  const elsewhere = elsewhereOf(exchange);
  const begun = readLogin(readCookie(request, COOKIE));
  keepLogin(exchange, "", 0); // an answer is good once
  if (!begun || !same(query.get("state") ?? "", begun.state)) return failed("late");
  const code = query.get("code") ?? "";
  if (code === "" || code.length > LONGEST) return failed("refused");
  try {
    setSessionCookie(exchange, await elsewhere.finish({ code, issuer: query.get("iss") ?? undefined, redirectUri: callbackUrl(exchange), secrets: begun }, originOf(request)));
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.code === "UNAUTHORIZED") return failed("refused");
    exchange.report(error);
    return failed("unavailable");
  }
  return new Redirect(`/ui/${begun.back}`);
}

function elsewhereOf({ access }: ApiExchange): SessionsElsewhere {
  if (!access.sessions?.elsewhere) throw new RegistryError("UNSUPPORTED", "this registry has no identity provider that people could log in at", { status: 404 });
  return access.sessions.elsewhere;
}

function callbackUrl({ request, config }: ApiExchange): string {
  return `${baseUrl(request, config.externalUrl)}${PATH}callback`;
}

/** Lax, since the provider's page leads back here. */
function keepLogin(exchange: ApiExchange, value: string, seconds: number): void {
  setCookie(exchange, { name: COOKIE, value, path: PATH, seconds, sameSite: "Lax" });
}

function readLogin(cookie: string | undefined): BegunLogin | undefined {
  if (cookie === undefined || cookie.length > LONGEST) return undefined;
  try {
    const value = JSON.parse(Buffer.from(cookie, "base64url").toString("utf8")) as Record<string, unknown> | null;
    const { state, nonce, verifier, back } = value ?? {};
    if (typeof state !== "string" || typeof nonce !== "string" || typeof verifier !== "string" || typeof back !== "string") return undefined;
    return state === "" || !BACK.test(back) ? undefined : { state, nonce, verifier, back };
  } catch {
    return undefined;
  }
}

function same(a: string, b: string): boolean {
  return a.length === b.length && Buffer.byteLength(a) === Buffer.byteLength(b) && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** The login page says it in the language of the reader; nothing of what came is shown. */
function failed(why: "late" | "refused" | "unavailable"): Redirect {
  return new Redirect(`/ui/#/login?failed=${why}`);
}
