import type { Credential, CredentialSource } from "./credentials.ts";

/** A user name and its password, given by a person. */
export interface Login {
  readonly username: string;
  readonly password: string;
  /** The flag that gave it, for messages; `--creds` unless told. */
  readonly flag?: string;
}

/** Logins of a command line, each for its own host only; what other hosts want comes from `rest`. */
export function givenLogins(logins: ReadonlyMap<string, Login>, rest: CredentialSource): CredentialSource {
  if (logins.size === 0) return rest;
  return {
    find: (host, repository) => {
      const login = logins.get(host);
      return login === undefined ? rest.find(host, repository) : { ...asCredential(login), source: login.flag ?? "--creds" };
    },
    trouble: (host) => rest.trouble?.(host),
    renew: async (credential, identityToken) => rest.renew?.(credential, identityToken),
  };
}

/** A user name of `<token>` says that the password is an identity token, as docker's helpers have it. */
function asCredential({ username, password }: Login): Omit<Credential, "source"> {
  return username === "<token>" ? { identityToken: password } : { username, password };
}
