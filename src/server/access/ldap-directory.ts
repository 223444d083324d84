import { readFileSync } from "node:fs";
import { connect, isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { BusyError, Client, NoSuchObjectError, ResultCodeError, SizeLimitExceededError, UnavailableError, type Entry } from "ldapts";
import { fault } from "../../std/fault.ts";
import { Semaphore } from "../../std/semaphore.ts";
import type { LdapConfig } from "../config/ldap-section.ts";
import { fileBeside } from "../config/values.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { Directory, DirectoryUser } from "./directory.ts";
import { ACCOUNT_ATTRIBUTES, BINARY_ATTRIBUTES, idOf, isLocked, personOf, valuesOf } from "./ldap-account.ts";
import { fillFilter } from "./ldap-filter.ts";

/** Connections at once: a flood of logins must not become one for the directory. */
const CONNECTIONS = 8;
/** After a failure nobody waits for the directory for this time, in milliseconds. */
const PAUSE = 2000;
const REMEMBERED_FOR = 60_000;
const REMEMBERED = 4096;
const GROUPS = 1000;
const LONGEST_PASSWORD = 4096;
/** A name that grants and messages can hold: no separators of Basic or of lists, nothing invisible. */
const NAME = /^[^\s:\p{C}]{1,255}$/u;

/**
 * A directory that is asked by LDAP: an account searches for the user, whose password is then tried by a bind. Each
 * login has a connection of its own, so that nothing of one is left for the next.
 * @throws SERVER_CONFIG_UNREADABLE
 */
export function ldapDirectory(config: LdapConfig, configFile: string): Directory {
  const readFile = (path: string): string => {
    const file = fileBeside(configFile, path);
    try {
      return readFileSync(file, "utf8");
    } catch (cause) {
      throw fault("SERVER_CONFIG_UNREADABLE", { file, problem: (cause as Error).message }, { cause });
    }
  };
  const bindPassword = (): string => (config.bindPasswordFile === undefined ? (config.bindPassword ?? "") : readFile(config.bindPasswordFile).replace(/\r?\n$/, ""));
  bindPassword();
  const host = new URL(config.url).hostname.replace(/^\[|\]$/g, "");
  const tlsOptions: ConnectionOptions = { host, ...(isIP(host) ? {} : { servername: host }), ...(config.ca === undefined ? {} : { ca: readFile(config.ca) }) };
  const room = new Semaphore(CONNECTIONS);
  const known = new Map<string, { user: DirectoryUser | undefined; until: number }>();
  let pausedUntil = 0;

  const open = async (): Promise<Client> => {
    let connected = false;
    const client = new Client({
      url: config.url, timeout: config.timeout, connectTimeout: config.timeout, strictDN: false,
      ...(/^ldaps:/i.test(config.url) ? { tlsOptions } : {}),
      // The library connects again by itself when the connection is lost: without the encryption that STARTTLS began.
      createConnection: ((port: number, name: string) => {
        if (connected) throw new Error("the directory has closed the connection");
        connected = true;
        return connect(port, name);
      }) as typeof connect,
    });
    try {
      if (config.startTls) await client.startTLS(tlsOptions);
      if (config.bindDn !== undefined) await client.bind(config.bindDn, bindPassword());
      return client;
    } catch (error) {
      void client.unbind().catch(() => undefined);
      throw error;
    }
  };

  const search = async (client: Client, user: string): Promise<(DirectoryUser & { readonly dn: string }) | undefined> => {
    const { searchEntries: [entry, second] } = await client.search(config.userBase, {
      scope: "sub", filter: fillFilter(config.userFilter, { user }), attributes: [config.userAttribute, ...ACCOUNT_ATTRIBUTES], explicitBufferAttributes: [...BINARY_ATTRIBUTES],
      sizeLimit: 2, timeLimit: Math.ceil(config.timeout / 1000),
    });
    const name = entry && textsOf(entry, config.userAttribute)[0];
    // Two that are meant by one name are nobody.
    if (entry === undefined || second !== undefined || name === undefined || !NAME.test(name) || isLocked(entry)) return undefined;
    return { name, id: idOf(entry), person: personOf(entry), dn: entry.dn, groups: await groupsOf(client, { user: name, dn: entry.dn }) };
  };

  const groupsOf = async (client: Client, who: { user: string; dn: string }): Promise<readonly string[]> => {
    if (config.groupBase === undefined) return [];
    const { searchEntries } = await client.search(config.groupBase, {
      scope: "sub", filter: fillFilter(config.groupFilter, who), attributes: [config.groupAttribute], sizeLimit: GROUPS, timeLimit: Math.ceil(config.timeout / 1000),
    });
    return searchEntries.flatMap((entry) => textsOf(entry, config.groupAttribute));
  };

  const ask = <Result>(question: (client: Client) => Promise<Result>): Promise<Result> =>
    room.run(async () => {
      if (Date.now() < pausedUntil) throw unavailable(undefined);
      let client: Client | undefined;
      try {
        client = await open();
        return await withEnd(question(client), config.timeout);
      } catch (error) {
        // What a directory answers about one user must not keep others out.
        if (!(error instanceof ResultCodeError)) pausedUntil = Date.now() + PAUSE;
        throw unavailable(error);
      } finally {
        void client?.unbind().catch(() => undefined);
      }
    });

  return {
    async verify(user, password) {
      // A bind without a password is one as nobody, and succeeds (RFC 4513, 5.1.2).
      if (password === "" || password.length > LONGEST_PASSWORD || !NAME.test(user)) return undefined;
      return ask(async (client) => {
        const found = await searchOne(() => search(client, user));
        try {
          // For one who is not there too, so that the answer does not come sooner.
          await client.bind(found?.dn ?? `cn=nobody,${config.userBase}`, password);
        } catch (error) {
          if (found !== undefined && !isRefusal(error)) throw error;
          return undefined;
        }
        if (found) remember(known, found.name, found);
        return found;
      });
    },
    async find(user) {
      if (!NAME.test(user)) return undefined;
      const before = known.get(user);
      if (before && before.until > Date.now()) return before.user;
      const found = await ask((client) => searchOne(() => search(client, user)));
      remember(known, user, found);
      return found;
    },
  };
}

/** Wrong passwords, and accounts that are locked, expired or may not bind. */
function isRefusal(error: unknown): boolean {
  return error instanceof ResultCodeError && !(error instanceof BusyError) && !(error instanceof UnavailableError);
}

/** A base that is not there and too many results have no user. */
async function searchOne<Result>(search: () => Promise<Result | undefined>): Promise<Result | undefined> {
  try {
    return await search();
  } catch (error) {
    if (error instanceof NoSuchObjectError || error instanceof SizeLimitExceededError) return undefined;
    throw error;
  }
}

function remember(known: Map<string, { user: DirectoryUser | undefined; until: number }>, name: string, user: DirectoryUser | undefined): void {
  known.delete(name);
  known.set(name, { user, until: Date.now() + REMEMBERED_FOR });
  if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
}

function textsOf(entry: Entry, attribute: string): readonly string[] {
  return valuesOf(entry, attribute).map(String);
}

/** The library ends each operation; this ends them together. */
async function withEnd<Result>(work: Promise<Result>, time: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`the directory took longer than ${time} ms`)), time)));
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(cause: unknown): RegistryError {
  const why = cause === undefined ? "it failed a moment ago" : ((cause as Error).message || (cause as Error).name);
  return new RegistryError("UNAVAILABLE", "the directory of users does not answer: try again later", { headers: { "Retry-After": "5" }, cause: new Error(why, { cause }) });
}
