import { readFileSync, statSync } from "node:fs";
import { fault } from "../../std/fault.ts";
import { inWorker } from "../../std/worker-pool.ts";
import type { checkPassword } from "./check-password.ts";

/** Users and their passwords. */
export interface PasswordFile {
  /** Whether the password is the user's; takes as long for a user that is not there. */
  verify(user: string, password: string): Promise<boolean>;
  /** Changes with the user's password; undefined for a user that is not there. */
  stamp(user: string): string | undefined;
  names(): ReadonlySet<string>;
}

const LINE = /^(?<user>[^:\s][^:]*):(?<hash>\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53})$/;
/** Compared with where there is no such user, so that the answer does not come sooner. */
const NOBODY = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const LONGEST_PASSWORD = 4096;

/**
 * A file of `htpasswd -B` (bcrypt, as distribution and zot take it); read again when it has changed. A changed file
 * that is not valid is told to `report`, and the users stay as they were.
 * @throws SERVER_CONFIG_UNREADABLE, SERVER_CONFIG_INVALID
 */
export function openPasswordFile(file: string, report: (problem: Error) => void): PasswordFile {
  let users = readUsers(file);
  let version = versionOf(file);
  let checked = Date.now();
  const current = (): ReadonlyMap<string, string> => {
    if (Date.now() - checked < 1000) return users;
    checked = Date.now();
    const found = versionOf(file);
    if (found === version) return users;
    version = found;
    try {
      users = readUsers(file);
    } catch (problem) {
      report(problem as Error);
    }
    return users;
  };
  return {
    async verify(user, password) {
      const hash = current().get(user);
      if (password.length > LONGEST_PASSWORD) return false;
      const equal = await inWorker<Parameters<typeof checkPassword>[0], boolean>("server/access/check-password.ts", "checkPassword", { password, hash: hash ?? hashOfNobody(users.values()) });
      return equal && hash !== undefined;
    },
    stamp: (user) => current().get(user),
    names: () => new Set(current().keys()),
  };
}

/** It costs as much as the dearest password of the file. */
export function hashOfNobody(hashes: Iterable<string>): string {
  const cost = [...hashes].reduce((highest, hash) => (hash.slice(4, 6) > highest ? hash.slice(4, 6) : highest), "05");
  return `$2b$${cost}$${NOBODY}`;
}

function versionOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : "";
}

function readUsers(file: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw fault("SERVER_CONFIG_UNREADABLE", { file, problem: (cause as Error).message }, { cause });
  }
  const users = new Map<string, string>();
  const problems: { line: number; place: string; problem: string }[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const { user, hash } = LINE.exec(line)?.groups ?? {};
    if (user !== undefined && hash !== undefined) users.set(user, hash);
    else problems.push({ line: index + 1, place: "", problem: line.includes(":") ? "this is no bcrypt password: make it with `htpasswd -B`" : "a line is USER:HASH" });
  }
  if (problems.length > 0) throw fault("SERVER_CONFIG_INVALID", { file, problems });
  return users;
}
