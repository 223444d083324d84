import { nameOf } from "../access/identity.ts";
import { ROBOT } from "../access/secret-logins.ts";
import type { SecretDesk } from "../access/secret-desk.ts";
import { parseSpan } from "../config/values.ts";
import type { SecretKind, SecretRecord, SecretScope } from "../storage/secrets.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { CreatedSecret, SecretRow, SecretsAnswer } from "./answers.ts";
import { objectOf, textOf, type ApiExchange, type ApiHandler } from "./api-exchange.ts";

/** Routes for robots, or for personal tokens. */
export function secretRoutes(kind: SecretKind): { readonly list: ApiHandler; readonly create: ApiHandler; readonly remove: ApiHandler; readonly disable: ApiHandler } {
  return {
    list: (exchange) => listSecrets(exchange, kind),
    create: (exchange) => createSecret(exchange, kind),
    remove: (exchange) => changeSecret(exchange, kind, () => "delete"),
    disable: (exchange) => changeSecret(exchange, kind, ({ disabled }) => (disabled === false ? "enable" : "disable")),
  };
}

async function listSecrets(exchange: ApiExchange, kind: SecretKind): Promise<SecretsAnswer> {
  const desk = deskOf(exchange);
  const { identity } = exchange.caller;
  return { items: (await desk.list(kind, identity)).map(rowOf), roles: desk.roles, mayCreate: await desk.mayCreate(kind, identity) };
}

async function createSecret(exchange: ApiExchange, kind: SecretKind): Promise<CreatedSecret> {
  const desk = deskOf(exchange);
  const body = await objectOf(exchange);
  const { record, secret } = await desk.create(kind, exchange.caller.identity, { name: textOf(body, "name"), scope: scopeOf(body), expiresAt: expiryOf(textOf(body, "expires")) }, exchange.actor);
  return { ...rowOf(record), secret };
}

async function changeSecret(exchange: ApiExchange, kind: SecretKind, verbOf: (body: Readonly<Record<string, unknown>>) => "delete" | "disable" | "enable"): Promise<{ readonly done: true }> {
  const desk = deskOf(exchange);
  const body = await objectOf(exchange);
  const owner = kind === "robot" ? "" : body["user"] === undefined ? nameOf(exchange.caller.identity) : textOf(body, "user");
  await desk.change(kind, exchange.caller.identity, { owner, name: textOf(body, "name") }, verbOf(body), exchange.actor);
  return { done: true };
}

/** A token of the protocol is good for some repositories only, and may not be turned into a secret that is good for more. */
function deskOf({ access, request }: ApiExchange): SecretDesk {
  if (!access.sessions) throw new RegistryError("UNSUPPORTED", "there are no logins here: everybody may do everything");
  if (/^bearer /i.test(request.headers.authorization ?? "")) throw new RegistryError("DENIED", "robots and personal tokens are managed with a name and a password, not with a token of the registry");
  return access.sessions.secrets;
}

function scopeOf(body: Readonly<Record<string, unknown>>): SecretScope | undefined {
  if (body["role"] === undefined && body["repositories"] === undefined) return undefined;
  const repositories = body["repositories"];
  if (!Array.isArray(repositories) || !repositories.every((pattern) => typeof pattern === "string")) throw new RegistryError("REQUEST_INVALID", "repositories is no list of patterns");
  return { role: textOf(body, "role"), repositories };
}

function expiryOf(text: string): number | undefined {
  if (text === "never") return undefined;
  const time = parseSpan(text);
  if (time === undefined || time === 0) throw new RegistryError("REQUEST_INVALID", "expires is no duration: write 12h, 30d, 52w or never");
  return Date.now() + time;
}

function rowOf({ kind, owner, name, scope, createdAt, expiresAt, usedAt, disabled }: SecretRecord): SecretRow {
  const expired = expiresAt !== undefined && expiresAt <= Date.now();
  return {
    name, createdAt, state: disabled ? "disabled" : expired ? "expired" : "good",
    login: kind === "robot" ? ROBOT + name : owner,
    ...(scope ? { role: scope.role, repositories: scope.repositories } : { repositories: [] }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(usedAt === undefined ? {} : { usedAt }),
  };
}
