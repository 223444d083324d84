import { isFault } from "../../std/fault.ts";
import { tokenClaims } from "../auth/granted.ts";
import { describeHelper } from "./credential-helper.ts";
import type { Credential } from "./credentials.ts";
import { loginPlaces } from "./find-login.ts";
import type { LoginOptions } from "./login-sources.ts";

/** What became of one place where a login may be. */
export interface LoginStep {
  /** File, variable or helper. */
  readonly source: string;
  /** The key of the entry. */
  readonly key: string;
  /** `later`: a place before it had the login. */
  readonly outcome: "used" | "empty" | "failed" | "later";
  readonly problem?: string;
}

/** A login as it may be shown. */
export interface ShownLogin {
  readonly user?: string;
  readonly kind: "password" | "identity token" | "registry token";
  readonly source: string;
  readonly entry?: string;
  /** When the token that is kept ends, where it says so. */
  readonly expires?: string;
}

/** Looks for the login of a repository as a request would, and notes every place on the way. A helper behind the login that is used is not asked. */
export async function explainLogin(host: string, repository: string | undefined, options: LoginOptions): Promise<{ credential?: Credential; steps: readonly LoginStep[] }> {
  const steps: LoginStep[] = [];
  let credential: Credential | undefined;
  for (const place of loginPlaces(host, repository, options)) {
    const step = { source: place.helper ? describeHelper(place.helper) : place.file, key: place.key };
    if (credential) {
      steps.push({ ...step, outcome: "later" });
      continue;
    }
    try {
      credential = await place.read();
      steps.push({ ...step, outcome: credential ? "used" : "empty" });
    } catch (error) {
      if (!isFault(error)) throw error;
      steps.push({ ...step, outcome: "failed", problem: error.message });
    }
  }
  return { steps, ...(credential ? { credential } : {}) };
}

/** A credential without what is secret in it. */
export function shownLogin({ username, password, identityToken, registryToken, source, entry }: Credential): ShownLogin {
  const token = tokenClaims(registryToken ?? identityToken ?? "");
  const user = username ?? token.subject;
  return {
    ...(user === undefined ? {} : { user }),
    kind: registryToken !== undefined ? "registry token" : identityToken !== undefined && !password ? "identity token" : "password",
    source,
    ...(entry === undefined ? {} : { entry }),
    ...(token.expires === undefined ? {} : { expires: new Date(token.expires).toISOString() }),
  };
}
