import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { registryError, reply } from "../scripted-server.ts";

/** Hands out tokens for one user, and forgets them on request. */
export interface TokenDesk {
  /** Answers a request to the token server. */
  give(request: IncomingMessage, response: ServerResponse): void;
  /** Whether a request comes with a token that still counts. */
  knows(request: IncomingMessage): boolean;
  /** Answers a request that has none. */
  refuse(request: IncomingMessage, response: ServerResponse): void;
  expire(): void;
}

export interface DeskUser {
  readonly username: string;
  readonly password: string;
}

export function createTokenDesk({ username, password }: DeskUser): TokenDesk {
  const tokens = new Set<string>();
  const login = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return {
    give: (request, response) => {
      if (request.headers.authorization !== login) return reply(response, 401, {}, registryError("UNAUTHORIZED", "wrong login"));
      const token = randomUUID();
      tokens.add(token);
      reply(response, 200, { "content-type": "application/json" }, { token, expires_in: 300 });
    },
    knows: ({ headers }) => tokens.has(/^Bearer (.*)$/.exec(headers.authorization ?? "")?.[1] ?? ""),
    refuse: ({ headers, url }, response) => {
      const repository = /^\/v2\/(.+)\/(?:blobs|manifests|tags)\//.exec(url ?? "")?.[1];
      const scope = repository === undefined ? "" : `,scope="repository:${repository}:pull,push"`;
      reply(response, 401, { "www-authenticate": `Bearer realm="http://${headers.host}/token",service="proxy"${scope}` }, registryError("UNAUTHORIZED", "no token that counts"));
    },
    expire: () => tokens.clear(),
  };
}
