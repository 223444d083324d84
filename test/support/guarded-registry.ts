import { hashSync } from "bcryptjs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { scratchRegistry } from "./scratch-registry.ts";

export const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

/** The cheapest bcrypt there is: tests check that passwords are checked, not how slowly. */
export const htpasswdOf = (users: Readonly<Record<string, string>>): string => Object.entries(users).map(([user, password]) => `${user}:${hashSync(password, 4)}\n`).join("");

/** The section `access` without its password file, and other sections. */
export interface GuardedOptions {
  readonly users: Readonly<Record<string, string>>;
  readonly access: string;
  readonly more?: string;
}

/** A configuration of one test, in a folder of its own, beside `htpasswd`. */
export function guardedConfig(context: TestContext, options: GuardedOptions): { folder: string; htpasswd: string; config: string } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-guarded-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const htpasswd = join(folder, "htpasswd");
  writeFileSync(htpasswd, htpasswdOf(options.users));
  const config = join(folder, "registry.yaml");
  const indented = options.access.split("\n").map((line) => `  ${line}\n`).join("");
  writeFileSync(config, `access:\n  htpasswd: htpasswd\n${indented}${options.more ?? ""}`);
  return { folder, htpasswd, config };
}

/** A registry of one test with users and rights. */
export async function guardedRegistry(context: TestContext, options: GuardedOptions) {
  const { folder, htpasswd, config } = guardedConfig(context, options);
  const server = await scratchRegistry(context, { config });

  /** A token as a client gets it: anonymous without a login. */
  const token = async (scopes: readonly string[], login?: { user: string; password: string }): Promise<string> => {
    const query = new URLSearchParams([["service", "sampan-registry"], ...scopes.map((scope) => ["scope", scope] as [string, string])]);
    const answer = await server.request("GET", `/auth/token?${query.toString()}`, login ? { headers: { authorization: basic(login.user, login.password) } } : {});
    if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.body.toString()}`);
    return `Bearer ${(answer.json() as { token: string }).token}`;
  };
  return { server, folder, htpasswd, config, token };
}
