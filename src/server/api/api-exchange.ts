import type { IncomingMessage, ServerResponse } from "node:http";
import { isDigest, type Digest } from "../../oci/digest.ts";
import type { AccessControl, Caller } from "../access/access-control.ts";
import type { ServerConfig } from "../config/config-schema.ts";
import type { ReplicationStatus } from "../mirror/replication-notes.ts";
import type { PullThrough } from "../pull-through.ts";
import { readBody } from "../read-body.ts";
import type { Actor } from "../storage/records.ts";
import type { SignaturePolicy } from "../signatures/signature-policy.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { ImmutableTags } from "../terms/immutable-tags.ts";
import { checkName } from "../terms/name.ts";
import { refusal } from "../terms/refusals.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { Right } from "../terms/rights.ts";

/** One request to the API on its way through a route. */
export interface ApiExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly storage: RegistryStorage;
  readonly access: AccessControl;
  readonly config: Pick<ServerConfig, "retention" | "immutable" | "signatures" | "externalUrl">;
  readonly immutable: ImmutableTags;
  readonly signatures: SignaturePolicy;
  readonly caller: Caller;
  readonly actor: Actor;
  readonly query: URLSearchParams;
  readonly mirror: PullThrough | undefined;
  readonly replicated: () => readonly ReplicationStatus[];
  readonly report: (problem: Error) => void;
}

/** Sends the browser elsewhere, in the place of an answer. */
export class Redirect {
  readonly location: string;

  constructor(location: string) {
    this.location = location;
  }
}

/** Gives what is sent as JSON, or a {@link Redirect}. */
export type ApiHandler = (exchange: ApiExchange) => Promise<unknown>;

const BODY_LIMIT = 4 * 1024 * 1024;

/** The repository that a request speaks of, where the caller has the right. */
export function repositoryOf({ query, caller }: ApiExchange, right: Right = "pull"): string {
  const name = query.get("repository") ?? "";
  checkName(name);
  caller.demand(right, name);
  return name;
}

/** A parameter that has to be there. */
export function wordOf({ query }: ApiExchange, name: string): string {
  const word = query.get(name) ?? "";
  if (word === "" || word.length > 300) throw new RegistryError("REQUEST_INVALID", `the parameter ${name} is missing or too long`);
  return word;
}

export function digestOf(exchange: ApiExchange, name: string): Digest {
  const digest = wordOf(exchange, name);
  if (!isDigest(digest)) throw new RegistryError("DIGEST_INVALID", `${name} is not a sha256 or sha512 digest`);
  return digest;
}

/** How many items an answer shall have: `n`, or a number that suits. */
export function sizeOf({ query }: ApiExchange, { usual, most }: { usual: number; most: number }): number {
  const text = query.get("n") ?? String(usual);
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new RegistryError("PAGINATION_NUMBER_INVALID", "n is not a number from 1 up");
  return Math.min(Number(text), most);
}

/** The body of a request, which is an object in JSON. */
export async function objectOf({ request }: ApiExchange): Promise<Readonly<Record<string, unknown>>> {
  if (!/^application\/json(?:;|$)/.test(request.headers["content-type"] ?? "")) throw new RegistryError("REQUEST_INVALID", "the body has to be application/json", { status: 415 });
  const bytes = await readBody(request, BODY_LIMIT, "body");
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new RegistryError("REQUEST_INVALID", "the body is no JSON", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new RegistryError("REQUEST_INVALID", "the body is no object");
  return value as Readonly<Record<string, unknown>>;
}

/** A field that has to be a text. */
export function textOf(body: Readonly<Record<string, unknown>>, field: string): string {
  const value = body[field];
  if (typeof value !== "string" || value === "" || value.length > 1024) throw new RegistryError("REQUEST_INVALID", `the field ${field} is missing or no text`);
  return value;
}

export function unknownRepository(repository: string): RegistryError {
  return refusal("repositoryMissing", {}, { as: "NAME_UNKNOWN", detail: { name: repository } });
}
