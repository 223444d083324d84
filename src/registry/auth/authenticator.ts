import { fault, isFault, type Fault } from "../../std/fault.ts";
import type { Identity } from "../../std/faults/access-words.ts";
import { chooseChallenge, parseChallenges, type Challenge } from "./challenge.ts";
import { sameLogin, type Credential, type CredentialSource } from "../credentials/credentials.ts";
import { tokenClaims } from "./granted.ts";
import { coversScopes, mergeScopes } from "./scope.ts";
import { basic, requestToken, type Token, type TokenRequest } from "./token.ts";
import type { Answer } from "../transport/transport.ts";

interface Grant {
  readonly credential: Credential | undefined;
  readonly scopes: readonly string[];
  readonly token: Promise<Token>;
  expires: number;
}

/** Who asks, as far as messages may say it. */
export interface Asker {
  readonly user?: string;
  readonly credentialSource?: string;
  readonly credentialEntry?: string;
  readonly expired?: string;
  readonly trouble?: string;
}

/** The Authorization values for one host: its challenge, its credentials by repository, and the tokens got for each of them. */
export class Authenticator {
  readonly host: string;
  readonly #credentials: CredentialSource;
  readonly #send: TokenRequest["send"];
  readonly #now: () => number;
  readonly #logins = new Map<string | undefined, Promise<Credential | undefined>>();
  /** Refresh tokens that a token server gave in exchange for those that are kept. */
  readonly #refreshed = new Map<string, string>();
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
  async authorization(scopes: readonly string[], repository?: string): Promise<string | undefined> {
    if (!this.#challenge) return undefined;
    const credential = await this.#login(repository);
    if (this.#challenge.challenge.scheme === "basic") {
      return credential?.username !== undefined && credential.password !== undefined ? basic(credential) : undefined;
    }
    if (credential?.registryToken !== undefined) return `Bearer ${credential.registryToken}`;
    return `Bearer ${(await this.#token(scopes, credential, repository)).value}`;
  }

  /**
   * After a 401 on a request that carried `used`: another value that is worth a try, with the scopes that the
   * challenge asks for first. Undefined: there is none.
   */
  async renewed(answer: Answer, scopes: readonly string[], used: string | undefined, repository?: string): Promise<string | undefined> {
    if (!this.learn(answer)) return undefined;
    const wanted = mergeScopes(this.#challenge!.challenge.parameters["scope"], scopes);
    for (const grant of this.#grants) {
      if (used === `Bearer ${(await grant.token.catch(() => undefined))?.value}`) this.#grants = this.#grants.filter((other) => other !== grant);
    }
    const value = await this.authorization(wanted, repository);
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
    const credential = await this.#login(undefined);
    const token = await this.#request({ challenge, from, credential, scopes: [], offline: true }, undefined);
    this.#grants.push({ credential, scopes: [], expires: token.expires, token: Promise.resolve(token) });
    return token.refreshToken;
  }

  /**
   * A fault that says who was refused, and what was asked for and granted. A login that was accepted and merely lacks
   * the scope is denied, whatever the status: registries answer 401 to that too.
   */
  async refusal(code: "REGISTRY_UNAUTHORIZED" | "REGISTRY_DENIED", about: { repository?: string; scopes: readonly string[]; answer?: string }): Promise<Fault> {
    const granted = this.#challenge ? await this.#granted(about.scopes, about.repository) : undefined;
    const lacking = granted ? !coversScopes(granted, about.scopes) : this.#challenge?.challenge.parameters["error"] === "insufficient_scope";
    const refused = await this.#refusal(code, { ...about, ...(granted ? { granted } : {}) });
    const { credentialSource, expired } = refused.details as Asker;
    return lacking && credentialSource !== undefined && expired === undefined ? fault("REGISTRY_DENIED", refused.details as Identity) : refused;
  }

  async #refusal(code: "REGISTRY_UNAUTHORIZED" | "REGISTRY_DENIED", about: Omit<Identity, "host">): Promise<Fault> {
    return fault(code, { host: this.host, ...about, ...(await this.asker(about.repository)) });
  }

  /** Who asks for a repository here; nobody, as long as the registry wants no login. */
  async asker(repository: string | undefined): Promise<Asker> {
    if (!this.#challenge) return {};
    const credential = await this.#login(repository);
    const trouble = credential ? undefined : this.#credentials.trouble?.(this.host);
    if (!credential) return trouble === undefined ? {} : { trouble };
    const kept = tokenClaims(credential.registryToken ?? credential.identityToken ?? "");
    const user = credential.username ?? kept.subject;
    return {
      credentialSource: credential.source,
      ...(credential.entry === undefined ? {} : { credentialEntry: credential.entry }),
      ...(user ? { user } : {}),
      ...(kept.expires !== undefined && kept.expires <= this.#now() ? { expired: new Date(kept.expires).toISOString() } : {}),
    };
  }

  /** The token for these scopes, as a doctor wants to see it; undefined where the registry wants none. @throws REGISTRY_UNAUTHORIZED */
  async token(scopes: readonly string[], repository?: string): Promise<Token | undefined> {
    if (this.#challenge?.challenge.scheme !== "bearer") return undefined;
    const credential = await this.#login(repository);
    if (credential?.registryToken === undefined) return this.#token(scopes, credential, repository);
    const { scopes: granted, expires } = tokenClaims(credential.registryToken);
    return { value: credential.registryToken, expires: expires ?? Number.POSITIVE_INFINITY, ...(granted ? { granted } : {}) };
  }

  /** What the registry wants, once it said so. */
  get challenge(): Challenge | undefined {
    return this.#challenge?.challenge;
  }

  /** The login for a repository, whether or not the registry wants one. */
  login(repository?: string): Promise<Credential | undefined> {
    return this.#login(repository);
  }

  /** What the last token for these scopes is good for, where that is known. */
  async #granted(scopes: readonly string[], repository: string | undefined): Promise<readonly string[] | undefined> {
    const credential = await this.#login(repository);
    if (credential?.registryToken !== undefined) return tokenClaims(credential.registryToken).scopes;
    const grant = this.#grants.findLast((one) => sameLogin(one.credential, credential) && coversScopes(one.scopes, scopes));
    return (await grant?.token.catch(() => undefined))?.granted;
  }

  #login(repository: string | undefined): Promise<Credential | undefined> {
    let login = this.#logins.get(repository);
    if (!login) this.#logins.set(repository, (login = Promise.resolve(this.#credentials.find(this.host, repository))));
    return login;
  }

  async #token(scopes: readonly string[], credential: Credential | undefined, repository: string | undefined): Promise<Token> {
    const now = this.#now();
    this.#grants = this.#grants.filter((grant) => grant.expires > now);
    const held = this.#grants.find((grant) => sameLogin(grant.credential, credential) && coversScopes(grant.scopes, scopes));
    if (held) return held.token;
    const { challenge, from } = this.#challenge!;
    const token = this.#request({ challenge, from, credential, scopes }, repository);
    const grant: Grant = { credential, scopes, expires: Number.POSITIVE_INFINITY, token };
    this.#grants.push(grant);
    try {
      const { expires } = await token;
      // Renewed a little before its end, because a request takes time to arrive.
      grant.expires = expires - Math.min(10_000, (expires - now) / 4);
      return await token;
    } catch (error) {
      this.#grants = this.#grants.filter((other) => other !== grant);
      throw error;
    }
  }

  async #request({ credential, ...request }: Pick<TokenRequest, "challenge" | "from" | "credential" | "scopes" | "offline">, repository: string | undefined): Promise<Token> {
    const kept = credential?.identityToken;
    const current = kept === undefined ? credential : { ...credential!, identityToken: this.#refreshed.get(kept) ?? kept };
    const token = await requestToken({ ...request, credential: current, host: this.host, now: this.#now(), send: this.#send });
    if (!token) throw await this.#refusal("REGISTRY_UNAUTHORIZED", { scopes: request.scopes, ...(repository === undefined ? {} : { repository }) });
    if (kept !== undefined && token.refreshToken !== undefined && token.refreshToken !== current!.identityToken) await this.#keep(credential!, kept, token.refreshToken);
    return token;
  }

  async #keep(credential: Credential, kept: string, refreshToken: string): Promise<void> {
    this.#refreshed.set(kept, refreshToken);
    try {
      await this.#credentials.renew?.(credential, refreshToken);
    } catch (error) {
      // A file that cannot be written does not stop the work: this process has the token.
      if (!isFault(error)) throw error;
    }
  }
}
