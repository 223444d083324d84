/** What proves who we are to one registry. */
export interface Credential {
  readonly username?: string;
  readonly password?: string;
  /** A refresh token, exchanged for access tokens by OAuth2. */
  readonly identityToken?: string;
  /** Sent as Bearer as it is. */
  readonly registryToken?: string;
  /** Where it came from, for messages: a file, a variable, a flag or a helper. */
  readonly source: string;
  /** The key of its entry, where that is of a namespace or repository and not of the host. */
  readonly entry?: string;
}

/** Where credentials come from; asked at most once per repository, and only when the registry wants one. */
export interface CredentialSource {
  /** `repository` is missing for what concerns the host alone. @throws CREDENTIAL_HELPER, DOCKER_CONFIG_INVALID */
  find(host: string, repository?: string): Credential | undefined | Promise<Credential | undefined>;
  /** Why a place that might have had a login for the host was passed over, for whoever was refused without one. */
  trouble?(host: string): string | undefined;
  /** Keeps the identity token that a token server gave in exchange for the one of a credential that was found here. */
  renew?(credential: Credential, identityToken: string): Promise<void>;
}

/** No credentials at all. */
export const anonymous: CredentialSource = { find: () => undefined };

/** Variables such as DOCKER_CONFIG; those of the process unless told otherwise. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether two credentials are the same login, so that tokens of one serve the other. */
export function sameLogin(one: Credential | undefined, other: Credential | undefined): boolean {
  return one?.username === other?.username && one?.password === other?.password && one?.identityToken === other?.identityToken && one?.registryToken === other?.registryToken;
}
