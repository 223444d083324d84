import { createHash, createHmac, randomBytes } from "node:crypto";
import { RegistryError } from "../terms/registry-error.ts";
import type { PasswordFile } from "./htpasswd.ts";
import type { Identity } from "./identity.ts";
import { createLoginLimit } from "./login-limit.ts";

/** Finds out who gave a name and a password. */
export interface Logins {
  /** @throws RegistryError UNAUTHORIZED, or TOOMANYREQUESTS after too many that failed */
  check(user: string, password: string, address: string): Promise<Identity>;
  /** What refresh tokens of a user are bound to; undefined for one who is not there any more. */
  stamp(user: string): string | undefined;
  groups(user: string): readonly string[];
}

/** How long a checked password is believed without bcrypt, in milliseconds. */
const BELIEVED = 60_000;
const REMEMBERED = 4096;
/** So many times more failures are borne of one address with all users, and of one user from everywhere. */
const WIDER = 10;

export function createLogins(options: {
  passwords: PasswordFile | undefined;
  groups: Readonly<Record<string, readonly string[]>>;
  loginLimit: { failures: number; within: number };
}): Logins {
  const { passwords } = options;
  const limit = createLoginLimit(options.loginLimit);
  const wideLimit = createLoginLimit({ ...options.loginLimit, failures: options.loginLimit.failures * WIDER });
  const secret = randomBytes(32);
  const believed = new Map<string, number>();
  const groups = (user: string): readonly string[] => Object.entries(options.groups).flatMap(([group, members]) => (members.includes(user) ? [group] : []));
  const stamp = (user: string): string | undefined => {
    const current = passwords?.stamp(user);
    return current === undefined ? undefined : createHash("sha256").update(`${user}:${current}`).digest("base64url").slice(0, 16);
  };

  return {
    groups,
    stamp,
    async check(user, password, address) {
      const key = hash(secret, user, password, passwords?.stamp(user) ?? "");
      if ((believed.get(key) ?? 0) > Date.now()) return { kind: "user", name: user, groups: groups(user) };
      // One who guesses from many places must not lock a user out for long, nor one user all others of an address.
      const counters = [[`user ${user} from ${address}`, limit], [`user ${user}`, wideLimit], [`address ${address}`, wideLimit]] as const;
      const wait = Math.max(...counters.map(([counter, { wait }]) => wait(counter)));
      if (wait > 0) throw new RegistryError("TOOMANYREQUESTS", `too many failed logins: try again in ${wait} seconds`, { headers: { "Retry-After": String(wait) } });
      if (passwords === undefined || !(await passwords.verify(user, password))) {
        for (const [counter, { failed }] of counters) failed(counter);
        throw new RegistryError("UNAUTHORIZED", "the user name or the password is wrong");
      }
      believed.set(key, Date.now() + BELIEVED);
      if (believed.size > REMEMBERED) believed.delete(believed.keys().next().value!);
      limit.succeeded(counters[0][0]);
      return { kind: "user", name: user, groups: groups(user) };
    },
  };
}

function hash(secret: Uint8Array, ...parts: readonly string[]): string {
  return createHmac("sha256", secret).update(JSON.stringify(parts)).digest("base64url");
}
