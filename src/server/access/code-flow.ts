import { createHash, randomBytes } from "node:crypto";
import type { JWTPayload } from "jose";
import { RegistryError } from "../terms/registry-error.ts";
import type { ProviderUser } from "./oidc-provider.ts";

/** What a browser keeps while its user is at the provider: whoever comes back has to show it. */
export interface CodeSecrets {
  /** Comes back with the answer: it is the one to this request. */
  readonly state: string;
  /** Comes back in the token: that is for this login. */
  readonly nonce: string;
  /** Proves to the provider that the one who asked also takes the code (RFC 7636). */
  readonly verifier: string;
}

export interface CodeRequest {
  /** Where the browser goes. */
  readonly url: string;
  readonly secrets: CodeSecrets;
}

export interface CodeAnswer {
  readonly code: string;
  /** `iss` of the answer, where the provider sends it (RFC 9207). */
  readonly issuer: string | undefined;
  /** The same as at the beginning. */
  readonly redirectUri: string;
  readonly secrets: CodeSecrets;
}

/** The authorization code flow (OpenID Connect Core 1.0, 3.1) with PKCE. Nothing is kept here between its two halves. */
export interface CodeFlow {
  /** @throws RegistryError UNAVAILABLE */
  begin(redirectUri: string): Promise<CodeRequest>;
  /** @throws RegistryError UNAUTHORIZED, UNAVAILABLE */
  finish(answer: CodeAnswer): Promise<ProviderUser>;
}

export interface CodeFlowParts {
  readonly clientId: string;
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly endpoint: () => Promise<URL>;
  /** Asks the token endpoint. */
  readonly redeem: (fields: Readonly<Record<string, string>>) => Promise<{ status: number; body: Readonly<Record<string, unknown>> }>;
  readonly verify: (token: string) => Promise<JWTPayload>;
  /** Who that is, asked with the access token where the token does not say it. */
  readonly userOf: (payload: JWTPayload, accessToken: unknown) => Promise<ProviderUser>;
}

export function createCodeFlow(parts: CodeFlowParts): CodeFlow {
  return {
    async begin(redirectUri) {
      const [state, nonce, verifier] = [secret(), secret(), secret()];
      const url = await parts.endpoint();
      for (const [name, value] of Object.entries({
        response_type: "code", client_id: parts.clientId, redirect_uri: redirectUri, scope: parts.scopes.join(" "), state, nonce,
        code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256",
      })) url.searchParams.set(name, value);
      return { url: url.href, secrets: { state, nonce, verifier } };
    },

    async finish({ code, issuer, redirectUri, secrets }) {
      if (issuer !== undefined && issuer !== parts.issuer) throw refused("the answer is not of the provider that was asked");
      const { status, body } = await parts.redeem({ grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: secrets.verifier });
      const token = body["id_token"];
      if (status !== 200 || typeof token !== "string") {
        if (body["error"] === "invalid_grant") throw refused("the login was not finished in time: begin again");
        throw new RegistryError("UNAVAILABLE", "the identity provider gave no token: the log of the registry says why", { cause: new Error(`status ${status}, ${JSON.stringify(body["error"])}`) });
      }
      const payload = await parts.verify(token);
      if (payload["nonce"] !== secrets.nonce) throw refused("the token of the provider is of another login");
      if (payload["azp"] !== undefined && payload["azp"] !== parts.clientId) throw refused("the token of the provider was given to somebody else");
      return parts.userOf(payload, body["access_token"]);
    },
  };
}

/** 256 random bits. */
function secret(): string {
  return randomBytes(32).toString("base64url");
}

function refused(message: string): RegistryError {
  return new RegistryError("UNAUTHORIZED", message);
}
