import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { CLIENT } from "./oidc-provider.ts";

/** What of the package is used here: it brings no types. */
type ProviderClass = new (issuer: string, options: object) => { callback(): RequestListener; on(event: string, listener: (context: unknown, error: Error) => void): void };

/** People that the provider knows by the name they type; every password is right. */
const PEOPLE: Readonly<Record<string, readonly string[]>> = { carol: ["core"], dave: [], alice: ["core"] };

/**
 * A certified OpenID provider (npm's `oidc-provider`) with its own login page, for the code flow of {@link CLIENT}; it takes the secret as Basic only, wants PKCE, and tells names
 * and groups to who asks for them with the access token, not in the token.
 * `open` makes it answer, once it is known where the registry is.
 */
export async function startCodeProvider(context: TestContext): Promise<{ issuer: string; errors: string[]; open(registry: string): Promise<void> }> {
  let answer: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const errors: string[] = [];
  return {
    issuer,
    errors,
    async open(registry) {
      const { default: Provider } = (await import("oidc-provider" as string)) as { default: ProviderClass };
      const provider = new Provider(issuer, {
        clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [`${registry}/api/v1/oidc/callback`], token_endpoint_auth_method: "client_secret_basic" }],
        clientAuthMethods: ["client_secret_basic"],
        cookies: { keys: ["a key of one test"] },
        claims: { openid: ["sub"], profile: ["preferred_username", "groups"], email: ["email"] },
        pkce: { required: () => true },
        findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, groups: PEOPLE[id] ?? [] }) }),
      });
      for (const event of ["server_error", "grant.error", "authorization.error"]) provider.on(event, (_context, error) => errors.push(`${event}: ${error.message}`));
      answer = provider.callback();
    },
  };
}
