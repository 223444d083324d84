import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../access/access-control.ts";
import { certificateName } from "../access/client-certificate.ts";
import { nameOf } from "../access/identity.ts";
import type { RequestNote } from "../notify/request-entry.ts";
import { originOf } from "../terms/client-origin.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { explainAccess } from "./access.ts";
import { Redirect, type ApiExchange, type ApiHandler } from "./api-exchange.ts";
import { listChanges } from "./audit.ts";
import { diffImages } from "./diff.ts";
import { showImage } from "./image.ts";
import { beginLogin, finishLogin } from "./login-elsewhere.ts";
import { listReferrers } from "./referrers.ts";
import { showReplication } from "./replication.ts";
import { listRepositories } from "./repositories.ts";
import { applyTags, planTags } from "./retention.ts";
import { secretRoutes } from "./secrets.ts";
import { sessionCookie, setSessionCookie } from "./session-cookie.ts";
import { logIn, logOut, showSession } from "./session.ts";
import { listTags } from "./tags.ts";
import { listTrash, restoreTag } from "./trash.ts";
import { showUsage } from "./usage.ts";

type ApiRoutes = Readonly<Record<string, Readonly<Record<string, ApiHandler>>>>;

const [robots, tokens] = [secretRoutes("robot"), secretRoutes("token")];

const routes: ApiRoutes = {
  "/api/v1/session": { GET: showSession, POST: logIn, DELETE: logOut },
  "/api/v1/oidc/login": { GET: beginLogin },
  "/api/v1/oidc/callback": { GET: finishLogin },
  "/api/v1/repositories": { GET: listRepositories },
  "/api/v1/tags": { GET: listTags },
  "/api/v1/image": { GET: showImage },
  "/api/v1/diff": { GET: diffImages },
  "/api/v1/referrers": { GET: listReferrers },
  "/api/v1/access": { GET: explainAccess },
  "/api/v1/retention": { GET: planTags },
  "/api/v1/retention/apply": { POST: applyTags },
  "/api/v1/trash": { GET: listTrash },
  "/api/v1/trash/restore": { POST: restoreTag },
  "/api/v1/audit": { GET: listChanges },
  "/api/v1/robots": { GET: robots.list, POST: robots.create, DELETE: robots.remove },
  "/api/v1/robots/disable": { POST: robots.disable },
  "/api/v1/tokens": { GET: tokens.list, POST: tokens.create, DELETE: tokens.remove },
  "/api/v1/tokens/disable": { POST: tokens.disable },
  "/api/v1/replication": { GET: showReplication },
  "/api/v1/usage": { GET: showUsage },
};

/** A browser sends it to other sites only after they have allowed it: whoever sends it is a page of ours, or no browser. */
const OWN_HEADER = "x-sampan-request";

export type ApiContext = Pick<ApiExchange, "storage" | "access" | "config" | "immutable" | "signatures" | "mirror" | "replicated" | "report"> & { readonly note: RequestNote };

/** Answers a request below /api/v1/. @throws RegistryError */
export async function handleApi(request: IncomingMessage, response: ServerResponse, options: { path: string; query: URLSearchParams; context: ApiContext }): Promise<void> {
  const { path, query, context } = options;
  response.setHeader("Cache-Control", "no-store");
  const methods = Object.hasOwn(routes, path) ? routes[path]! : undefined;
  if (!methods) throw new RegistryError("ROUTE_UNKNOWN", "the registry has no such endpoint");
  const method = request.method ?? "";
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!handler) throw new RegistryError("UNSUPPORTED", `${method} is not supported here`, { headers: { Allow: Object.keys(methods).join(", ") } });
  if (method !== "GET" && request.headers[OWN_HEADER] === undefined) {
    throw new RegistryError("DENIED", "a request that changes something has to have the header X-Sampan-Request: 1, which other sites cannot send");
  }
  const caller = await findCaller(request, response, context);
  const actor = {
    user: caller.identity.kind === "anonymous" ? undefined : nameOf(caller.identity),
    address: originOf(request).address,
    agent: request.headers["user-agent"],
  };
  if (actor.user !== undefined) context.note.user = actor.user;
  const given = await handler({ ...context, request, response, caller, actor, query });
  if (given instanceof Redirect) return void response.writeHead(302, { Location: given.location, "Content-Length": 0, "Referrer-Policy": "no-referrer" }).end();
  const answer = Buffer.from(JSON.stringify(given));
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": answer.length });
  response.end(answer);
}

/** A program says who it is as in the protocol, and so does a browser with a certificate; others have a cookie. */
async function findCaller(request: IncomingMessage, response: ServerResponse, { access, config }: ApiContext): Promise<Caller> {
  if (!access.sessions || request.headers.authorization !== undefined || certificateName(request) !== undefined) return access.caller(request, {});
  const { caller, renewed } = await access.sessions.caller(sessionCookie(request));
  if (renewed) setSessionCookie({ request, response, config }, renewed);
  return caller;
}
