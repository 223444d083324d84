import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export const CLIENT = { id: "registry", secret: "client secret" };

/** A small OpenID provider of one test: keys, discovery, tokens for jobs, and the device flow for whoever {@link approve}s. */
export interface OidcProvider {
  readonly issuer: string;
  /** A token with these claims, good for five minutes, for {@link CLIENT}. */
  token(claims: JWTPayload, change?: (jwt: SignJWT) => SignJWT): Promise<string>;
  /** Has a person agree to the login that waits with that code, with these claims. */
  approve(userCode: string, claims: JWTPayload): void;
  deny(userCode: string): void;
  /** Has it an endpoint for claims that are not in the token, before anything is asked. */
  tell(type: string, body: string): void;
  /** Waits for the first login that somebody begins, for a minute, and agrees to it. */
  approveNext(claims: JWTPayload): Promise<void>;
  stop(): Promise<void>;
}

export async function startOidcProvider(context: TestContext): Promise<OidcProvider> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" };
  const devices = new Map<string, { userCode: string; claims?: JWTPayload; denied?: boolean }>();
  let issuer = "";
  let userInfo: readonly [type: string, body: string] | undefined;

  const token: OidcProvider["token"] = (claims, change = (jwt) => jwt) =>
    change(new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k1" }).setIssuer(issuer).setAudience(CLIENT.id).setSubject("subject 1").setIssuedAt().setExpirationTime("5m")).sign(privateKey);

  const routes: Record<string, (form: URLSearchParams) => Promise<[number, unknown]>> = {
    "/.well-known/openid-configuration": async () => [200, { issuer, jwks_uri: `${issuer}/keys`, token_endpoint: `${issuer}/token`, device_authorization_endpoint: `${issuer}/device`, ...(userInfo ? { userinfo_endpoint: `${issuer}/me` } : {}) }],
    "/keys": async () => [200, { keys: [jwk] }],
    "/device": async (form) => {
      if (form.get("client_id") !== CLIENT.id || !form.get("scope")?.includes("openid")) return [400, { error: "invalid_client" }];
      const code = crypto.randomUUID();
      const userCode = code.slice(0, 8).toUpperCase();
      devices.set(code, { userCode });
      return [200, { device_code: code, user_code: userCode, verification_uri: `${issuer}/activate`, expires_in: 300, interval: 1 }];
    },
    "/token": async (form) => {
      const device = devices.get(form.get("device_code") ?? "");
      if (form.get("client_secret") !== CLIENT.secret) return [401, { error: "invalid_client" }];
      if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:device_code" || !device) return [400, { error: "invalid_grant" }];
      if (device.denied) return [400, { error: "access_denied" }];
      return device.claims ? [200, { token_type: "Bearer", access_token: "x", id_token: await token(device.claims) }] : [400, { error: "authorization_pending" }];
    },
  };
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (userInfo && request.url === "/me") return void response.writeHead(200, { "content-type": userInfo[0] }).end(userInfo[1]);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [status, body] = (await routes[request.url ?? ""]?.(new URLSearchParams(Buffer.concat(chunks).toString()))) ?? [404, {}];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  context.after(stop);
  const deviceOf = (userCode: string) => {
    const device = [...devices.values()].find((each) => each.userCode === userCode);
    if (!device) throw new Error(`nobody waits with the code ${userCode}`);
    return device;
  };
  return {
    issuer, token, stop,
    approve: (userCode, claims) => void (deviceOf(userCode).claims = claims),
    async approveNext(claims) {
      for (let attempt = 0; devices.size === 0; attempt += 1) {
        if (attempt > 1200) throw new Error("nobody has begun a login");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      [...devices.values()][0]!.claims = claims;
    },
    tell: (...answer) => void (userInfo = answer),
    deny: (userCode) => void (deviceOf(userCode).denied = true),
  };
}
