import { reply, registryError, startScriptedServer, type ScriptedServer } from "./scripted-server.ts";

/** An unsigned token in distribution's form, as if it were signed. */
export function testToken(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "ES256", typ: "JWT" })}.${part(claims)}.c2lnbmF0dXJl`;
}

export interface TokenRegistryOptions {
  /** Users and their passwords; an identity token is a password of the user `<token>`. */
  readonly users?: Readonly<Record<string, string>>;
  /** The actions that a user (`undefined` without a login) may do on a repository. */
  readonly rights: (user: string | undefined, repository: string) => readonly string[];
  /** The tags of each repository; what is not here is unknown. */
  readonly tags?: Readonly<Record<string, readonly string[]>>;
  /** Tokens that say nothing about themselves. */
  readonly opaque?: boolean;
  readonly expiresIn?: number;
  /** Where it is reached, if not at its own address: `https://registry.test`. */
  readonly origin?: string;
  /** What who asks for one gets. */
  readonly refreshToken?: string;
}

/** A registry with a token service on the same port, which answers refusals as distribution does: 401 for a scope that is missing. */
export async function startTokenRegistry({ users = {}, rights, tags = {}, opaque = false, expiresIn = 300, origin, refreshToken }: TokenRegistryOptions): Promise<ScriptedServer> {
  const issued = new Map<string, readonly string[]>();
  const server = await startScriptedServer((request, response) => {
    const url = new URL(request.url, "http://x");
    if (url.pathname === "/token") {
      const form = new URLSearchParams(request.body.toString());
      const [name, password] = request.method === "POST" ? ["<token>", form.get("refresh_token")] : loginOf(request.headers.authorization);
      if (name !== undefined && users[name] !== password) return reply(response, 401, {}, registryError("UNAUTHORIZED", "wrong user or password"));
      const wanted = request.method === "POST" ? (form.get("scope") ?? "").split(" ").filter(Boolean) : url.searchParams.getAll("scope");
      const access = wanted.map((scope) => {
        const [type = "", repository = "", actions = ""] = scope.split(":");
        const allowed = rights(name, repository);
        return { type, name: repository, actions: actions.split(",").filter((action) => allowed.includes(action)) };
      }).filter(({ actions }) => actions.length > 0);
      const token = opaque ? `opaque-${issued.size}` : testToken({ sub: name ?? "", access, jti: issued.size });
      issued.set(token, access.flatMap(({ name: repository, actions }) => actions.map((action) => `${repository}:${action}`)));
      return reply(response, 200, {}, { token, expires_in: expiresIn, ...(refreshToken !== undefined && url.searchParams.get("offline_token") === "true" ? { refresh_token: refreshToken } : {}) });
    }
    const [, repository = "", rest = ""] = /^\/v2\/(.*)\/((?:tags\/list|manifests\/|blobs\/).*)$/.exec(url.pathname) ?? [];
    const action = request.method === "GET" || request.method === "HEAD" ? "pull" : request.method === "DELETE" && !rest.includes("uploads") ? "delete" : "push";
    const granted = issued.get(request.headers.authorization?.replace("Bearer ", "") ?? "");
    if (!granted || (repository !== "" && !granted.includes(`${repository}:${action}`))) {
      const scope = repository === "" ? "" : `,scope="repository:${repository}:${action === "push" ? "pull,push" : action}"`;
      const error = granted ? ',error="insufficient_scope"' : "";
      return reply(response, 401, { "www-authenticate": `Bearer realm="${origin ?? `http://${request.headers.host}`}/token",service="tests"${scope}${error}` }, registryError("UNAUTHORIZED", "authentication required"));
    }
    if (repository === "") return reply(response, 200, {}, {});
    if (rest.startsWith("tags/list")) return tags[repository] ? reply(response, 200, {}, { name: repository, tags: tags[repository] }) : reply(response, 404, {}, registryError("NAME_UNKNOWN", "repository name not known to registry"));
    if (rest.startsWith("blobs/uploads")) return request.method === "POST" ? reply(response, 202, { location: `/v2/${repository}/blobs/uploads/1` }) : reply(response, 204);
    reply(response, 404, {}, registryError("MANIFEST_UNKNOWN", "manifest unknown"));
  });
  return server;
}

function loginOf(authorization: string | undefined): [string | undefined, string | undefined] {
  if (authorization === undefined) return [undefined, undefined];
  const text = Buffer.from(authorization.replace("Basic ", ""), "base64").toString();
  return [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)];
}
