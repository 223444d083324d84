/** Whom a request was made for: what a person needs to mend rights. Never holds a secret. */
export interface Identity {
  readonly host: string;
  readonly repository?: string;
  readonly user?: string;
  /** The file, variable, flag or helper that the credential came from. */
  readonly credentialSource?: string;
  /** The key of the entry, where it is one of a namespace or repository. */
  readonly credentialEntry?: string;
  /** When the token that is kept ended, where it says so. */
  readonly expired?: string;
  /** Why a place that may have a login could not be asked. */
  readonly trouble?: string;
  readonly scopes: readonly string[];
  /** The scopes of the token that the registry gave; missing where that cannot be known. */
  readonly granted?: readonly string[];
  /** What the registry said. */
  readonly answer?: string;
}

/** A manifest that is not there, and what was found out about its repository. */
export interface MissingManifest {
  readonly reference: string;
  /** Tags that may have been meant. */
  readonly near?: readonly string[];
  /** Some of its tags, where none is near. */
  readonly some?: readonly string[];
  readonly tags?: number;
  /** Whether there are more tags than were counted. */
  readonly more?: boolean;
  /** The registry lists the tag itself. */
  readonly listed?: boolean;
  readonly repositoryUnknown?: boolean;
  readonly answer?: string;
}

type Outcome = "unauthorized" | "denied";

/** `begin`, then what was asked for, what was granted and what the registry said. */
export function accessMessage(who: Identity, begin: (as: string) => string): string {
  return `${begin(asWhom(who))}${askedAndGranted(who)}${who.answer ? `: ${who.answer}` : ""}`;
}

/** What to do about a refusal: the most likely cause first, then the command. */
export function accessHint(who: Identity, outcome: Outcome): string {
  const { credentialSource, trouble, repository = "", host } = who;
  if (credentialSource === undefined) {
    const missing = trouble === undefined ? "" : `; a kept login may be out of reach: ${trouble}`;
    const login = `log in with \`sampan login ${host}\`, and check that the repository exists${afterName(who)}${missing}`;
    // A 403 that asks for no login may be one that none helps against, such as an immutable tag.
    return outcome === "denied" && who.answer ? `${login}, unless it is a rule of the registry that refuses it, in its words above: a login has to meet that too` : login;
  }
  if (outcome === "unauthorized") return `${renew(who)}; \`sampan auth doctor ${host}${repository ? `/${repository}` : ""}\` shows what is sent and answered`;
  const name = nameProblem(who);
  if (name !== undefined) return name;
  const user = who.user ?? "this login";
  const action = wanted(who);
  const granted = grantedActions(who);
  if (granted?.includes(action)) return `${user} has the right to ${action}: it is a rule of the registry for this repository or tag that refuses it, in its words above; another login has to meet it too`;
  if (action !== "pull" && granted?.includes("pull")) return `${user} may pull from ${repository} but not ${action}: ask its owner for the right, or log in as another user: ${relogin(who)}`;
  if (granted?.length === 0 && action === "pull") return `the repository may not exist, or ${user} may not see it: check the name, ask its owner, or log in as another user: ${relogin(who)}`;
  return `check the repository's name and that ${user} has the right to ${action}, or log in as another user: ${relogin(who)}`;
}

/** What to do about a repository that is not there. */
export function nameHint({ host, repository, user, credentialSource }: Pick<Identity, "host" | "user" | "credentialSource"> & { readonly repository: string }): string {
  const login = credentialSource === undefined ? `a private repository can also look missing until \`sampan login ${host}\`` : `a private repository can also look missing to ${user ?? "a login"} (from ${credentialSource}) without the right to see it`;
  return `check the name${afterName({ host, repository })}; ${login}`;
}

/** What to do about a tag or digest that is not there. */
export function manifestHint({ reference, near = [], some = [], tags, more, listed, repositoryUnknown }: MissingManifest): string {
  if (repositoryUnknown === true) return "the registry has no such repository: check the name; a private one can also look missing to who may not see it";
  if (reference.includes("@")) return "check the digest and the repository: the image may have been deleted, or lie in another repository";
  if (listed === true) return "check the tag again: the registry lists it, yet has no manifest for it";
  if (tags === 0) return "the repository is there and has no tags";
  const count = tags === undefined ? "" : `the repository has ${more ? "more than " : ""}${tags} tag${tags === 1 ? "" : "s"}`;
  if (near.length > 0) return `did you mean ${near.join(", ")}? ${count}`.trim();
  return some.length > 0 ? `check the tag: nothing is near it; ${count}, such as ${some.join(", ")}` : "check the tag; the image may have been pushed under another name";
}

function asWhom({ user, credentialSource, credentialEntry }: Identity): string {
  if (credentialSource === undefined) return "without a login";
  return `as ${user ?? "the holder of a token"} (from ${credentialSource}${credentialEntry === undefined ? "" : `, entry ${credentialEntry}`})`;
}

function askedAndGranted(who: Identity): string {
  if (who.scopes.length === 0) return "";
  const granted = grantedActions(who);
  const got = granted === undefined ? "" : `; granted ${granted.length === 0 ? "nothing" : granted.join(",")}`;
  return ` (asked for ${who.scopes.join(" ")}${got})`;
}

/** The actions on the repository that was asked for; undefined where the token does not tell. */
function grantedActions({ granted, scopes }: Identity): string[] | undefined {
  const resources = new Set(scopes.map((scope) => scope.slice(0, scope.lastIndexOf(":"))));
  return granted?.filter((scope) => resources.has(scope.slice(0, scope.lastIndexOf(":")))).flatMap((scope) => scope.slice(scope.lastIndexOf(":") + 1).split(","));
}

function wanted({ scopes }: Identity): "push" | "delete" | "pull" {
  const actions = scopes.flatMap((scope) => scope.slice(scope.lastIndexOf(":") + 1).split(","));
  return actions.includes("delete") ? "delete" : actions.includes("push") ? "push" : "pull";
}

/** A name that cannot be right, and the one that could. */
function nameProblem(who: Identity): string | undefined {
  const { host, repository = "", user } = who;
  const official = /^library\/([^/]+)$/.exec(repository)?.[1];
  if (host === "docker.io" && official !== undefined && wanted(who) !== "pull") {
    const own = `docker.io/${user ?? "USER"}/${official}`;
    return `library/ holds Docker's official images only: put a user or organisation before the name, \`sampan tag ${official} ${own}\`, and push ${own}`;
  }
  if (host !== "docker.io" && repository !== "" && !repository.includes("/")) {
    return `the name lacks a namespace, which many registries want: ${host}/NAMESPACE/${repository}; else check that ${user ?? "this login"} has the right to ${wanted(who)}, or log in as another user: ${relogin(who)}`;
  }
  return undefined;
}

/** A remark behind "check the name", where the name is of a kind that is often wrong. */
function afterName({ host, repository = "" }: Pick<Identity, "host" | "repository">): string {
  const official = /^library\/([^/]+)$/.exec(repository)?.[1];
  if (host === "docker.io" && official !== undefined) return ` (only official images have no user before the name: docker.io/USER/${official})`;
  if (host !== "docker.io" && repository !== "" && !repository.includes("/")) return ` (many registries want a namespace before it: ${host}/NAMESPACE/${repository})`;
  return "";
}

function renew(who: Identity): string {
  const { credentialSource: source = "" } = who;
  if (source.startsWith("--")) return `check the user and the password of ${source}`;
  if (source === "DOCKER_AUTH_CONFIG") return "put a login that is valid into DOCKER_AUTH_CONFIG, which is used before all that `sampan login` keeps";
  return `${who.expired === undefined ? "the password or token was changed or revoked, or is wrong" : "the token has ended"}: log in again with ${relogin(who)}`;
}

/** The command that replaces the login that was used. */
function relogin({ host, credentialSource = "", credentialEntry }: Identity): string {
  return credentialEntry !== undefined && credentialSource.startsWith("/") ? `\`sampan login --authfile ${credentialSource} ${credentialEntry}\`` : `\`sampan login ${host}\``;
}
