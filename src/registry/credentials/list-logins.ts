import { isFault } from "../../std/fault.ts";
import { keyPlace } from "./auth-key.ts";
import { describeHelper, helperList, type HelperUse } from "./credential-helper.ts";
import { shownLogin } from "./explain-login.ts";
import { fileSources, sourceNames, variableSource, type LoginOptions, type LoginSource } from "./login-sources.ts";
import { entryCredential } from "./read-config.ts";

/** One login that is kept, or a helper that may keep some and could not tell. */
export interface ListedLogin {
  /** Host, namespace or repository that it is for. */
  readonly registry: string;
  readonly user: string;
  readonly kind: string;
  readonly source: string;
  /** When a token that is kept ends, where it says so. */
  readonly expires?: string;
  readonly problem?: string;
}

/** All logins that are kept anywhere, in the order in which their places are asked. @throws DOCKER_CONFIG_INVALID */
export async function listLogins(options: LoginOptions = {}): Promise<{ logins: ListedLogin[]; places: string[] }> {
  const { environment = process.env, authFile } = options;
  const variable = authFile === undefined ? variableSource(environment) : undefined;
  const sources = [...(variable ? [variable] : []), ...fileSources(options)];
  const logins: ListedLogin[] = [];
  for (const source of sources) {
    for (const use of helpersOf(source)) logins.push(...(await helperLogins(use, environment)));
    logins.push(...fileLogins(source));
  }
  return { logins, places: sourceNames(options) };
}

function helpersOf({ name: file, config: { credHelpers = {}, credsStore }, helperKey = "credsStore" }: LoginSource): (HelperUse & { hosts?: ReadonlySet<string> })[] {
  const named = new Map<string, Set<string>>();
  for (const [key, helper] of Object.entries(credHelpers)) if (helper) named.set(helper, (named.get(helper) ?? new Set()).add(keyPlace(key)));
  return [
    ...[...named].map(([name, hosts]) => ({ name, file, key: "credHelpers" as const, hosts })),
    ...(credsStore ? [{ name: credsStore, file, key: helperKey }] : []),
  ];
}

/** A helper for some hosts is not asked for others, whatever else it keeps. */
async function helperLogins(use: HelperUse & { hosts?: ReadonlySet<string> }, environment: NonNullable<LoginOptions["environment"]>): Promise<ListedLogin[]> {
  const source = describeHelper(use);
  try {
    const known = Object.entries(await helperList(use, { environment })).map(([server, user]) => ({ place: keyPlace(server), user }));
    return known
      .filter(({ place }) => use.hosts?.has(place) ?? true)
      .map(({ place, user }) => ({ registry: place, user: user === "<token>" ? "" : user, kind: user === "<token>" ? "identity token" : "password", source }));
  } catch (error) {
    if (!isFault(error, "CREDENTIAL_HELPER")) throw error;
    return [{ registry: [...(use.hosts ?? ["*"])].join(" "), user: "", kind: "unknown", source, problem: error.message }];
  }
}

function fileLogins({ name, config }: LoginSource): ListedLogin[] {
  return Object.entries(config.auths ?? {}).flatMap(([key, entry]) => {
    const credential = entryCredential(entry, key, name);
    if (!credential) return [];
    const { user = "", kind, expires } = shownLogin(credential);
    return [{ registry: keyPlace(key), user, kind, source: name, ...(expires === undefined ? {} : { expires }) }];
  });
}
