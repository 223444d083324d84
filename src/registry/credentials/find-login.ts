import { isFault } from "../../std/fault.ts";
import { authKey, keysOf, placesOf } from "./auth-key.ts";
import { helperGet, type HelperUse } from "./credential-helper.ts";
import type { Credential, CredentialSource, Environment } from "./credentials.ts";
import { fileSources, helperFor, variableSource, type HelperList, type LoginOptions, type LoginSource } from "./login-sources.ts";
import { entryCredential } from "./read-config.ts";

/** One place where a login for a repository may be, in the order in which they are asked. */
export interface LoginPlace {
  /** File or variable. */
  readonly file: string;
  /** Key of the entry, or the host for a helper. */
  readonly key: string;
  readonly helper?: HelperUse;
  /** A login is certainly meant to be there: a helper that cannot be asked is then a fault. */
  readonly expected: boolean;
  read(): Promise<Credential | undefined>;
}

/**
 * Logins where docker, podman and skopeo keep them (registry reference § 5): DOCKER_AUTH_CONFIG; then, of all files,
 * the entry with the most specific key; for the host alone docker's config.json (credHelpers, credsStore, auths) before
 * containers' auth.json.
 */
export function dockerCredentials(
  environment: Environment = process.env,
  { authFile, helpers }: { readonly authFile?: string; /** Of registries.conf, read when a login is wanted. */ readonly helpers?: () => Promise<HelperList | undefined> } = {},
): CredentialSource {
  const troubles = new Map<string, string>();
  const asked = new Map<string, Promise<Credential | undefined>>();
  const foundAt = new WeakMap<Credential, { readonly place: LoginPlace; readonly identityToken: string | undefined }>();
  // A helper knows hosts only; it is asked once for each, whatever the repositories.
  const read = (place: LoginPlace): Promise<Credential | undefined> => {
    if (!place.helper) return place.read();
    const id = `${place.helper.name} ${place.key}`;
    const answer = asked.get(id) ?? place.read();
    asked.set(id, answer);
    return answer;
  };
  return {
    find: async (host, repository) => {
      const list = await helpers?.();
      for (const place of loginPlaces(host, repository, { environment, ...(authFile === undefined ? {} : { authFile }), ...(list ? { helpers: list } : {}) })) {
        try {
          const credential = await read(place);
          if (!credential) continue;
          foundAt.set(credential, { place, identityToken: credential.identityToken });
          return credential;
        } catch (error) {
          if (!isFault(error, "CREDENTIAL_HELPER") || place.expected) throw error;
          troubles.set(host, error.message);
        }
      }
      return undefined;
    },
    trouble: (host) => troubles.get(host),
    renew: async (credential, identityToken) => {
      const found = foundAt.get(credential);
      if (found?.identityToken === undefined) return;
      foundAt.set(credential, { place: found.place, identityToken });
      await (await import("./renew-login.ts")).renewLogin(found.place, found.identityToken, identityToken, environment);
    },
  };
}

/** Every place that may have a login for a repository, or for a host alone. @throws DOCKER_CONFIG_INVALID */
export function* loginPlaces(host: string, repository: string | undefined, options: LoginOptions = {}): Generator<LoginPlace, void, undefined> {
  const { environment = process.env, authFile } = options;
  const places = placesOf(host, repository);
  const variable = authFile === undefined ? variableSource(environment) : undefined;
  if (variable) for (const place of places) yield* entries(variable, place);
  const files = [...fileSources(options)];
  for (const place of places.slice(0, -1)) for (const file of files) yield* entries(file, place);
  for (const file of files) yield* hostPlaces(file, host, environment);
}

function* hostPlaces(source: LoginSource, host: string, environment: Environment): Generator<LoginPlace, void, undefined> {
  const place = placesOf(host)[0]!;
  const helper = helperFor(host, source);
  if (helper) {
    const expected = helper.key === "credHelpers" || keysOf(source.config.auths, place).length > 0;
    yield { file: source.name, key: authKey(host), helper, expected, read: () => helperGet(helper, authKey(host), { environment }) };
  }
  yield* entries(source, place);
}

function* entries({ name, config }: LoginSource, place: string): Generator<LoginPlace, void, undefined> {
  for (const key of keysOf(config.auths, place)) {
    yield {
      file: name, key, expected: true,
      read: async () => {
        const credential = entryCredential(config.auths![key]!, key, name);
        return credential && place.includes("/") ? { ...credential, entry: key } : credential;
      },
    };
  }
}
