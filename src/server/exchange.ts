import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { AccessControl, Caller } from "./access/access-control.ts";
import type { ServerConfig } from "./config/config-schema.ts";
import { commonHeaders } from "./terms/common-headers.ts";
import type { ImmutableTags } from "./terms/immutable-tags.ts";
import type { RequestNote } from "./notify/request-entry.ts";
import type { PullThrough } from "./pull-through.ts";
import type { RoomForPushes } from "./room-for-pushes.ts";
import type { Settings } from "./terms/settings.ts";
import type { Actor } from "./storage/records.ts";
import type { SignaturePolicy } from "./signatures/signature-policy.ts";
import type { RegistryStorage } from "./storage/storage.ts";

/** One request on its way through a route. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly storage: RegistryStorage;
  readonly settings: Settings;
  readonly config: Pick<ServerConfig, "internalRedirect">;
  /** Errors of the server itself, such as damaged files that a request came across. */
  readonly report: (problem: Error) => void;
  readonly access: AccessControl;
  /** Who asks. Routes of a repository are entered with the right that the route table names; what goes beyond, they demand themselves. */
  readonly caller: Caller;
  /** The same for the log of changes. */
  readonly actor: Actor;
  /** Tags that cannot be moved or deleted. */
  readonly immutable: ImmutableTags;
  /** What has to be signed before readers get it. */
  readonly signatures: SignaturePolicy;
  /** Undefined without quotas. */
  readonly quotas: RoomForPushes | undefined;
  /** Repositories that come from elsewhere; undefined where there are none. */
  readonly mirror: PullThrough | undefined;
  /** What is found out about the request, for those that watch. */
  readonly note: RequestNote;
  readonly query: URLSearchParams;
  /** `<name>` of the route, checked against the grammar; empty in routes without it. */
  readonly repository: string;
  /** The last path segment where the route has a parameter there (`<digest>`, `<reference>`, `<session>`), unchecked. */
  readonly parameter: string;
}

/** Bodies up to this size are sent with their head. */
const SHORT = 16 * 1024;

export type Handler = (exchange: Exchange) => Promise<void>;

/** Answers without a body. */
export function sendEmpty({ response }: Exchange, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { ...commonHeaders, ...(status === 204 || status === 304 ? {} : { "Content-Length": 0 }), ...headers });
  response.end();
}

/** Answers with a body that is in memory; a HEAD request gets its headers only. */
export function sendBytes({ request, response }: Exchange, status: number, bytes: Uint8Array, headers: OutgoingHttpHeaders): void {
  response.writeHead(status, { ...commonHeaders, "Content-Length": bytes.length, ...headers });
  if (request.method === "HEAD") response.end();
  // Node puts a text behind the head and writes both at once; of bytes it makes a list of two, which costs more than the copy.
  else if (bytes.length <= SHORT) response.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"), "latin1");
  else response.end(bytes);
}

export function sendJson(exchange: Exchange, value: unknown, headers: OutgoingHttpHeaders = {}): void {
  sendBytes(exchange, 200, Buffer.from(JSON.stringify(value)), { "Content-Type": "application/json", ...headers });
}

const listBodies = new WeakMap<object, Buffer>();

/** Answers with a document that follows from `list` alone; a list that the storage gives again is not written anew. */
export function sendList(exchange: Exchange, list: object, document: () => unknown, headers: OutgoingHttpHeaders = {}): void {
  let body = listBodies.get(list);
  if (!body) listBodies.set(list, (body = Buffer.from(JSON.stringify(document()))));
  sendBytes(exchange, 200, body, { "Content-Type": "application/json", ...headers });
}
