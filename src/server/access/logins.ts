import { createHash, hash as hashAtOnce, randomBytes } from "node:crypto";
import type { Secrets } from "../storage/secrets.ts";
import { addressGroup, type ClientOrigin } from "../terms/client-origin.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { CodeAnswer, CodeRequest } from "./code-flow.ts";
import type { Directory, DirectoryUser } from "./directory.ts";
import type { PasswordFile } from "./htpasswd.ts";
import type { Identity } from "./identity.ts";
import { createLoginLimit, type LoginLimit } from "./login-limit.ts";
import type { DeviceLogin, Provider, ProviderUser } from "./oidc-provider.ts";
import { createSecretLogins, ROBOT } from "./secret-logins.ts";

/** Finds out who gave a name and a password. */
export interface Logins {
  /** @throws RegistryError UNAUTHORIZED, or TOOMANYREQUESTS after too many that failed */
  check(user: string, password: string, origin: ClientOrigin): Promise<Login>;
  /** One who has logged in before, as they are now; undefined when that login is worth nothing any more. */
  revive(identity: Identity, stamp: string): Promise<Identity | undefined>;
  /** Logins of people that an identity provider confirms elsewhere; undefined where there is none. */
  readonly device: DeviceLogins | undefined;
  /** The same in the browser of the person themselves. */
  readonly code: CodeLogins | undefined;
  /** What tells a user from others of the same name, earlier and later ones; undefined for who cannot be asked after without a password. Personal tokens are for those who can. */
  personOf(user: string): Promise<string | undefined>;
  /** Whether a password is a token of the identity provider, to be checked here under whatever name. */
  takesToken(password: string): boolean;
  /** The same for who has an access token: only robots and personal tokens end before their access tokens. */
  current(identity: Identity): Promise<Identity | undefined>;
  /** Puts personal tokens out of use whose user is not there any more. @throws RegistryError UNAVAILABLE when a directory does not answer */
  endOrphans(): Promise<void>;
  /** A user whose name a client certificate has proved. */
  certified(name: string): Identity;
  /** Who a name stands for, as far as it is known without a login: `alice`, `robot$ci`; undefined for a robot that is not there or not good any more. */
  named(name: string): Promise<Identity | undefined>;
}

export interface DeviceLogins {
  /** @throws RegistryError TOOMANYREQUESTS, UNAVAILABLE */
  start(origin: ClientOrigin): Promise<DeviceLogin>;
  /** Undefined while nobody has confirmed it. @throws RegistryError UNAUTHORIZED, UNAVAILABLE */
  finish(deviceCode: string): Promise<Login | undefined>;
}

export interface CodeLogins {
  readonly provider: string;
  /** @throws RegistryError UNAVAILABLE */
  begin(redirectUri: string): Promise<CodeRequest>;
  /** @throws RegistryError UNAUTHORIZED, UNAVAILABLE, TOOMANYREQUESTS */
  finish(answer: CodeAnswer, origin: ClientOrigin): Promise<Login>;
}

export interface Login {
  readonly identity: Identity;
  /** What refresh tokens are bound to: changes with the password. */
  readonly stamp: string;
  /** How long they are good for at most, in milliseconds; 0 when there shall be none. */
  readonly refresh?: number;
}

/** A user as they are now. `person`: what personal tokens are bound to; stays as long as it is the same person, as far as can be told. */
type FoundUser = Login & { readonly person: string };

/** A login with a wrong name or password. */
export interface LoginFailure {
  /** As it was sent. */
  readonly user: string;
  readonly address: string;
}

/** How long a checked password is believed without bcrypt, in milliseconds. */
const BELIEVED = 60_000;
const REMEMBERED = 4096;
/** Names that are given with a token of the identity provider, which says itself whose it is. */
const TOKEN_USERS = ["oidc", "<token>"];
const LONGEST_NAME = 255;
/** Passwords that are checked at once: more would keep those waiting who have come in time. */
const CHECKED_AT_ONCE = 64;
/** So many times more failures are borne of one address with all users, and of one user from everywhere. */
const WIDER = 10;

export function createLogins(options: {
  passwords: PasswordFile | undefined;
  /** Asked for users that the password file does not have. */
  directory?: Directory | undefined;
  /** Whose tokens are passwords too. */
  provider?: Provider | undefined;
  secrets: Secrets;
  groups: Readonly<Record<string, readonly string[]>>;
  loginLimit: { failures: number; within: number };
  onFailure?: (failure: LoginFailure) => void;
}): Logins {
  const { passwords, directory, provider } = options;
  const limit = createLoginLimit(options.loginLimit);
  const wideLimit = createLoginLimit({ ...options.loginLimit, failures: options.loginLimit.failures * WIDER });
  const secret = randomBytes(32).toString("base64url");
  const believed = new Map<string, { login: Login; until: number }>();
  const checks = new Map<string, Promise<Login>>();
  const configuredGroups = (user: string): readonly string[] => Object.entries(options.groups).flatMap(([group, members]) => (members.includes(user) ? [group] : []));

  /** A user as they are now, without a password; undefined for one who is not there any more. */
  const findUser = async (user: string): Promise<FoundUser | undefined> => {
    const current = passwords?.stamp(user);
    if (current !== undefined) return { identity: { kind: "user", name: user, groups: configuredGroups(user) }, stamp: stampOf(user, current), person: personFrom("htpasswd", user, current) };
    return loginOf(await directory?.find(user));
  };
  /** One whose name somebody in the password file has is nobody: grants could not tell the two apart. */
  const loginOf = (found: DirectoryUser | undefined): FoundUser | undefined => {
    if (!found || found.name.startsWith(ROBOT) || passwords?.stamp(found.name) !== undefined) return undefined;
    const groups = [...new Set([...found.groups, ...configuredGroups(found.name)])];
    return { identity: { kind: "user", name: found.name, groups }, stamp: stampOf(found.name, `directory ${found.id}`), person: personFrom("directory", found.name, found.person) };
  };

  /** As for a directory: what the password file knows is not the provider's to say. */
  const providedLogin = (found: ProviderUser, refresh: number): Login => {
    if (found.name.startsWith(ROBOT) || passwords?.stamp(found.name) !== undefined) throw new RegistryError("UNAUTHORIZED", `the name ${found.name} is taken by another user of this registry`);
    const groups = [...new Set([...found.groups, ...configuredGroups(found.name)])];
    return { identity: { kind: "user", name: found.name, groups, provided: true }, stamp: refresh === 0 ? "" : `provider ${provider?.issuer}`, refresh };
  };

  const verify = async (user: string, password: string): Promise<Login | undefined> => {
    if (user.startsWith(ROBOT)) return undefined;
    if (directory && passwords?.stamp(user) === undefined) return loginOf(await directory.verify(user, password));
    return passwords !== undefined && (await passwords.verify(user, password)) ? findUser(user) : undefined;
  };

  /** Checks a login unless there were too many that failed. @throws RegistryError UNAUTHORIZED, TOOMANYREQUESTS */
  const limited = async (user: string, password: string, { address, shared }: ClientOrigin): Promise<Login> => {
    // One who guesses from many places must not lock a user out for long, nor one user all others of an address.
    const group = addressGroup(address);
    const own = `user ${user} from ${group}`;
    const counters: readonly (readonly [string, LoginLimit])[] = [[own, limit], [`user ${user}`, wideLimit], ...(shared ? [] : [[`address ${group}`, wideLimit] as const])];
    const wait = Math.max(...counters.map(([counter, { wait }]) => wait(counter)));
    if (wait > 0) throw tooMany("too many failed logins", wait);
    if (checks.size >= CHECKED_AT_ONCE) throw tooMany("too many logins at once", 1);
    for (const [counter, { began }] of counters) began(counter);
    const takeBack = (): void => {
      for (const [counter, { takeBack: back }] of counters) back(counter);
    };
    const login = await verify(user, password).catch((error: unknown) => {
      takeBack();
      throw error;
    });
    if (login === undefined) {
      options.onFailure?.({ user, address });
      throw wrong(user);
    }
    takeBack();
    limit.succeeded(own);
    return login;
  };

  const secretLogins = createSecretLogins(options.secrets, async (user) => {
    const found = await findUser(user);
    return found?.identity.kind === "user" ? { groups: found.identity.groups, person: found.person } : undefined;
  });

  /** Counts what somebody has the provider asked; @throws RegistryError TOOMANYREQUESTS */
  const countLogin = (kind: string, { address, shared }: ClientOrigin): (() => void) => {
    if (shared) return () => undefined;
    const key = `${kind} ${addressGroup(address)}`;
    const wait = wideLimit.wait(key);
    if (wait > 0) throw tooMany("too many logins were begun", wait);
    wideLimit.began(key);
    return () => wideLimit.takeBack(key);
  };

  return {
    certified: (name) => ({ kind: "user", name, groups: configuredGroups(name) }),
    device: provider && {
      async start(origin) {
        countLogin("device", origin);
        return provider.startDevice();
      },
      async finish(deviceCode) {
        const found = await provider.finishDevice(deviceCode);
        return found && providedLogin(found, provider.session);
      },
    },
    code: provider && {
      provider: new URL(provider.issuer).host,
      begin: provider.code.begin,
      async finish(answer, origin) {
        const takeBack = countLogin("code", origin);
        try {
          const login = providedLogin(await provider.code.finish(answer), provider.session);
          takeBack();
          return login;
        } catch (error) {
          if (!(error instanceof RegistryError && error.code === "UNAUTHORIZED")) takeBack(); // it is not the person who failed
          throw error;
        }
      },
    },
    personOf: async (user) => (await findUser(user))?.person,
    takesToken: (password) => provider?.claims(password) ?? false,
    async current(identity) {
      return identity.kind === "anonymous" || !identity.secret ? identity : secretLogins.current(identity.secret.id);
    },
    endOrphans: secretLogins.endOrphans,
    async revive(identity, stamp) {
      if (identity.kind === "anonymous") return undefined;
      if (identity.secret) return secretLogins.current(identity.secret.id);
      if (provider && stamp === `provider ${provider.issuer}`) return identity.kind === "user" && passwords?.stamp(identity.name) === undefined ? { ...identity, provided: true } : undefined;
      const found = identity.kind === "user" ? await findUser(identity.name) : undefined;
      return found?.stamp === stamp ? found.identity : undefined;
    },
    async named(name) {
      if (!name.startsWith(ROBOT)) return (await findUser(name))?.identity ?? { kind: "user", name, groups: configuredGroups(name) };
      const robot = (await options.secrets.secrets("robot")).find((each) => ROBOT + each.name === name);
      if (!robot || robot.disabled || (robot.expiresAt !== undefined && robot.expiresAt <= Date.now())) return undefined;
      return { kind: "robot", name: robot.name, groups: [], secret: { id: robot.id, scope: robot.scope } };
    },
    async check(user, password, origin) {
      if (Buffer.byteLength(user) > LONGEST_NAME) throw wrong(user);
      // Neither remembered nor limited: nobody guesses one, and its end has to be noticed at once.
      const known = await secretLogins.check(user, password);
      if (known) return { identity: known, stamp: "" };
      // What a job shows ends with the job: no refresh token outlives it.
      if (TOKEN_USERS.includes(user) && provider?.claims(password)) return providedLogin(await provider.workload(password), 0);
      const key = hash(secret, user, password, passwords?.stamp(user) ?? "");
      const before = believed.get(key);
      if (before && before.until > Date.now()) return before.login;
      // A client that sends the same login with each of its requests waits for one check, which counts once.
      const same = JSON.stringify([key, origin.address]);
      const running = checks.get(same) ?? limited(user, password, origin).finally(() => checks.delete(same));
      checks.set(same, running);
      const login = await running;
      believed.set(key, { login, until: Date.now() + BELIEVED });
      if (believed.size > REMEMBERED) believed.delete(believed.keys().next().value!);
      return login;
    },
  };
}

function wrong(user: string): RegistryError {
  return new RegistryError("UNAUTHORIZED", user.startsWith(ROBOT) ? "the robot or its secret is not known, or not good any more" : "the user name or the password is wrong");
}

function tooMany(problem: string, seconds: number): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", `${problem}: try again in ${seconds} second${seconds === 1 ? "" : "s"}`, { headers: { "Retry-After": String(seconds) } });
}

/**
 * The password file says nothing of a person but a name and a password: another password may be another person, so it counts as one.
 * An entry of a directory says who it is.
 */
function personFrom(source: "htpasswd" | "directory", user: string, known: string): string {
  return `${source} ${createHash("sha256").update(JSON.stringify([user, known])).digest("base64url")}`;
}

function stampOf(user: string, password: string): string {
  return createHash("sha256").update(`${user}:${password}`).digest("base64url").slice(0, 16);
}

/** For memory only, so that it holds no passwords: with a secret in front it tells nobody anything. An HMAC would cost a request as much as all the rest of it. */
function hash(...parts: readonly string[]): string {
  return hashAtOnce("sha256", JSON.stringify(parts), "base64url");
}
