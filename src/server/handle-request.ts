import type { IncomingMessage, ServerResponse } from "node:http";
import type { AccessControl, Caller } from "./access/access-control.ts";
import { nameOf } from "./access/identity.ts";
import { openAccess } from "./access/open-access.ts";
import type { ServerConfig } from "./config/config-schema.ts";
import { compileRoutes, type Match } from "./match-route.ts";
import { originOf } from "./terms/client-origin.ts";
import { isLoopbackHost } from "./terms/loopback-host.ts";
import { checkName, isName } from "./terms/name.ts";
import type { PullThrough } from "./pull-through.ts";
import { RegistryError } from "./terms/registry-error.ts";
import type { RoomForPushes } from "./room-for-pushes.ts";
import { routes } from "./routes.ts";
import { sendError } from "./send-error.ts";
import type { Settings } from "./terms/settings.ts";
import type { ImmutableTags } from "./terms/immutable-tags.ts";
import type { ReplicationStatus } from "./mirror/replication-notes.ts";
import type { RequestNote } from "./notify/request-entry.ts";
import type { SignaturePolicy } from "./signatures/signature-policy.ts";
import type { RegistryStorage } from "./storage/storage.ts";

const findRoute = compileRoutes(routes);

/** Of requests without one; nobody changes a query. */
const NO_QUERY = new URLSearchParams();

/** What all requests share, but for the note of what is found out about this one. */
export interface ServerContext {
  readonly note: RequestNote;
  readonly storage: RegistryStorage;
  readonly settings: Settings;
  readonly access: AccessControl;
  readonly immutable: ImmutableTags;
  readonly signatures: SignaturePolicy;
  readonly quotas: RoomForPushes | undefined;
  readonly mirror: PullThrough | undefined;
  readonly replicated: () => readonly ReplicationStatus[];
  readonly config: Pick<ServerConfig, "retention" | "immutable" | "signatures" | "externalUrl" | "internalRedirect">;
  readonly report: (problem: Error) => void;
  /** Where everybody on this machine may do everything: what it may be called besides names of this machine. */
  readonly hosts: readonly string[] | undefined;
}

/** Answers one request; never rejects. Errors of the server itself also go to `report`. */
export async function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  context: ServerContext,
): Promise<void> {
  try {
    await dispatch(request, response, context);
  } catch (error) {
    const left = request.destroyed || (error as NodeJS.ErrnoException).code === "ECONNRESET";
    if (left && !request.complete) return; // the client left in the middle of its own body
    if (error instanceof RegistryError && error.code === "DENIED") context.note.denied = error.message;
    await sendError(request, response, error, context.report);
  }
}

async function dispatch(request: IncomingMessage, response: ServerResponse, context: ServerContext): Promise<void> {
  if (request.httpVersion === "1.1" && request.headers.host === undefined) throw new RegistryError("REQUEST_INVALID", "the request has no Host header");
  if (context.hosts && !isLoopbackHost(request.headers.host, context.hosts)) {
    throw new RegistryError("DENIED", `this registry is open to everybody on this machine, and not to web sites: say in the configuration that ${request.headers.host!.slice(0, 300)} is its address (externalUrl), or start it with --anonymous`);
  }
  const [path, search] = splitTarget(request.url ?? "/");
  if (isForPeople(request, path)) {
    context.note.route = path.startsWith("/api/") ? "/api/v1/" : "/ui/";
    return answerPeople(request, response, { path, search, context });
  }
  const found = findRoute(path);
  if (!found) throw new RegistryError("ROUTE_UNKNOWN", "the registry has no such endpoint");
  const query = search === "" ? NO_QUERY : new URLSearchParams(search);
  const repository = context.mirror === undefined || found.repository === "" ? found.repository : context.mirror.nameHere(found.repository, query.get("ns"));
  const { route, parameter } = found;
  const handler = Object.hasOwn(route.methods, request.method ?? "") ? route.methods[request.method!] : undefined;
  context.note.route = route.path;
  if (!handler) {
    throw new RegistryError("UNSUPPORTED", `${request.method} is not supported here`, { headers: { Allow: Object.keys(route.methods).join(", ") } });
  }
  if (route.path.includes("<name>")) {
    checkName(repository);
    context.note.repository = repository;
  }
  if (isOfOtherSite(request)) throw new RegistryError("DENIED", "a page of another web site may change nothing here");
  const caller = await findCaller(request, { route, repository, parameter }, query, context);
  const actor = {
    user: context.note.user,
    address: originOf(request).address,
    agent: request.headers["user-agent"],
  };
  if (route.rights?.[request.method!] === "push" && context.mirror?.covers(repository)) throw mirroredOnly(repository);
  const { storage, settings, config, report, access, immutable, signatures, quotas, mirror, note } = context;
  await handler({ request, response, storage, settings, config, report, access, immutable, signatures, quotas, mirror, note, caller, actor, query, repository, parameter });
}

/**
 * Whether a browser sends it for a page of somebody else's that the user looks at: a registry on loopback that asks nobody who they
 * are would take its pushes. Clients of registries send no `Origin`.
 */
function isOfOtherSite(request: IncomingMessage): boolean {
  const { origin } = request.headers;
  if (origin === undefined || request.method === "GET" || request.method === "HEAD") return false;
  return !URL.canParse(origin) || new URL(origin).host !== originOf(request).host;
}

/** Whether a request is one of the pages, or for them; a browser that was given the address alone wants them too. */
function isForPeople({ headers }: IncomingMessage, path: string): boolean {
  return path.startsWith("/api/v1/") || path.startsWith("/ui/") || path === "/ui" || (path === "/" && headers.accept?.includes("text/html") === true);
}

/** What clients of the protocol never need is loaded when the first person comes. */
async function answerPeople(request: IncomingMessage, response: ServerResponse, { path, search, context }: { path: string; search: string; context: ServerContext }): Promise<void> {
  if (path.startsWith("/api/")) {
    const { handleApi } = await import("./api/handle-api.ts");
    return handleApi(request, response, { path, query: new URLSearchParams(search), context });
  }
  const [{ sendPage }, { pagesFolder }] = await Promise.all([import("./api/send-page.ts"), import("../std/pages-folder.ts")]);
  return sendPage(request, response, { path, folder: pagesFolder() });
}

function mirroredOnly(repository: string): RegistryError {
  return new RegistryError("UNSUPPORTED", `${repository} is a copy of a repository of another registry: push there, or to a repository that this registry does not mirror`);
}

/** Lets in who may: before the storage is asked anything, so that a refusal does not say whether a repository is there. */
async function findCaller(request: IncomingMessage, { route, repository }: Match, query: URLSearchParams, { access, note }: ServerContext): Promise<Caller> {
  if (route.open) return openAccess.caller(request, {});
  if (!route.path.includes("<name>")) {
    const someone = await access.caller(request, { catalog: route.path.endsWith("/_catalog") });
    noteCaller(note, someone);
    return someone;
  }
  const right = route.rights![request.method!]!;
  const from = query.get("from");
  const caller = await access.caller(request, { repository, right, ...(query.has("mount") && from !== null && isName(from) ? { from } : {}) });
  noteCaller(note, caller);
  // Who may only sign uploads what is to be attached; that nothing else becomes of it is seen to when its manifest comes.
  if (right !== "push" || !caller.may("sign", repository)) caller.demand(right, repository);
  return caller;
}

function noteCaller(note: RequestNote, { identity }: Caller): void {
  if (identity.kind !== "anonymous") note.user = nameOf(identity);
}

/** Path and query as they were sent; a client that takes us for a proxy sends the absolute form (RFC 9112, 3.2.2). */
function splitTarget(target: string): [path: string, search: string] {
  const local = target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  return mark < 0 ? [local, ""] : [local.slice(0, mark), local.slice(mark + 1)];
}
