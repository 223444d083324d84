import { fault, type Fault } from "../../std/fault.ts";
import { chooseChallenge, parseChallenges, type Challenge } from "./challenge.ts";
import type { Credential, CredentialSource } from "../credentials/credentials.ts";
import { coversScopes, mergeScopes } from "./scope.ts";
import { basic, requestToken, type Token, type TokenRequest } from "./token.ts";
import type { Answer } from "../transport/transport.ts";

interface Grant {
  readonly scopes: readonly string[];
  readonly token: Promise<Token>;
  expires: number;
}

/** The Authorization values for one host: its challenge, its credential and the tokens got so far. */
export class Authenticator {
  readonly host: string;
  readonly #credentials: CredentialSource;
  readonly #send: TokenRequest["send"];
  readonly #now: () => number;
  #credential: Promise<Credential | undefined> | undefined;
  #challenge: { readonly challenge: Challenge; readonly from: URL } | undefined;
  #grants: Grant[] = [];

  constructor(options: { host: string; credentials: CredentialSource; send: TokenRequest["send"]; now: () => number }) {
    this.host = options.host;
    this.#credentials = options.credentials;
    this.#send = options.send;
    this.#now = options.now;
  }

  /** Takes note of the challenge in a 401; false when there is none that can be met. */
  learn(answer: Answer): boolean {
    const challenge = chooseChallenge(parseChallenges(answer.headers["www-authenticate"]));
    if (challenge) this.#challenge = { challenge, from: answer.url };
    return challenge !== undefined;
  }

  /**
   * The value for a request with these scopes; undefined while the registry asked for none, or when there is no login for Basic.
   * @throws REGISTRY_UNAUTHORIZED when the token server does not accept the login
   */
  async authorization(scopes: readonly string[]): Promise<string | undefined> {
    if (!this.#challenge) return undefined;
    const credential = await this.#login();
    if (this.#challenge.challenge.scheme === "basic") {
      return credential?.username !== undefined && credential.password !== undefined ? basic(credential) : undefined;
    }
    if (credential?.registryToken !== undefined) return `Bearer ${credential.registryToken}`;
    return `Bearer ${(await this.#token(scopes, credential)).value}`;
  }

  /**
   * After a 401 on a request that carried `used`: another value that is worth a try, with the scopes that the
   * challenge asks for first. Undefined: there is none.
   */
  async renewed(answer: Answer, scopes: readonly string[], used: string | undefined): Promise<string | undefined> {
    if (!this.learn(answer)) return undefined;
    const wanted = mergeScopes(this.#challenge!.challenge.parameters["scope"], scopes);
    for (const grant of this.#grants) {
      if (used === `Bearer ${(await grant.token.catch(() => undefined))?.value}`) this.#grants = this.#grants.filter((other) => other !== grant);
    }
    const value = await this.authorization(wanted);
    return value === used && value?.startsWith("Basic ") ? undefined : value;
  }

  /** Whether the registry wants a login. */
  get challenged(): boolean {
    return this.#challenge !== undefined;
  }

  /**
   * Signs in without asking for any repository, for `login`. Gives the refresh token that a token server hands out
   * to be kept instead of the password. @throws REGISTRY_UNAUTHORIZED
   */
  async signIn(): Promise<string | undefined> {
    if (this.#challenge?.challenge.scheme !== "bearer") return undefined;
    const { challenge, from } = this.#challenge;
    const token = await this.#request({ challenge, from, credential: await this.#login(), scopes: [], offline: true });
    this.#grants.push({ scopes: [], expires: token.expires, token: Promise.resolve(token) });
    return token.refreshToken;
  }

  /** A fault that says who was refused. */
  async refusal(code: "REGISTRY_UNAUTHORIZED" | "REGISTRY_DENIED", about: { repository?: string; scopes: readonly string[]; answer?: string }): Promise<Fault> {
    const credential = this.#challenge ? await this.#login() : undefined;
    return fault(code, {
      host: this.host,
      ...about,
      ...(credential ? { credentialSource: credential.source } : {}),
      ...(credential?.username ? { user: credential.username } : {}),
    });
  }

  #login(): Promise<Credential | undefined> {
    return (this.#credential ??= Promise.resolve(this.#credentials.find(this.host)));
  }

  async #token(scopes: readonly string[], credential: Credential | undefined): Promise<Token> {
    const now = this.#now();
    this.#grants = this.#grants.filter((grant) => grant.expires > now);
    const held = this.#grants.find((grant) => coversScopes(grant.scopes, scopes));
    if (held) return held.token;
    const { challenge, from } = this.#challenge!;
    const grant: Grant = { scopes, expires: Number.POSITIVE_INFINITY, token: this.#request({ challenge, from, credential, scopes }) };
    this.#grants.push(grant);
    try {
      const token = await grant.token;
      // Renewed a little before its end, because a request takes time to arrive.
      grant.expires = token.expires - Math.min(10_000, (token.expires - now) / 4);
      return token;
    } catch (error) {
      this.#grants = this.#grants.filter((other) => other !== grant);
      throw error;
    }
  }

  async #request(request: Pick<TokenRequest, "challenge" | "from" | "credential" | "scopes" | "offline">): Promise<Token> {
    const token = await requestToken({ ...request, host: this.host, now: this.#now(), send: this.#send });
    if (!token) throw await this.refusal("REGISTRY_UNAUTHORIZED", { scopes: request.scopes });
    return token;
  }
}
