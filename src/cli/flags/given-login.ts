import type { Login } from "../../registry/credentials/given-logins.ts";
import { fault } from "../../std/fault.ts";
import { ask } from "../ask.ts";
import type { Io } from "../io.ts";

/**
 * The login of a flag such as --creds, `USER[:PASSWORD]`, for the one registry that a command line names.
 * @throws USAGE when there is none or more than one, NO_TERMINAL when the password cannot be asked for
 */
export async function givenLogin(
  text: string,
  hosts: readonly string[],
  { io, signal, flag = "--creds" }: { io: Io; signal: AbortSignal; flag?: string },
): Promise<ReadonlyMap<string, Login>> {
  const [host, ...others] = new Set(hosts);
  if (host === undefined) throw fault("USAGE", { problem: `${flag} needs the name of an image, which says for what registry it is` });
  if (others.length > 0) {
    throw fault("USAGE", { problem: `${flag} is the login for one registry, and the names lead to ${[host, ...others].join(" and ")}`, hint: "log in to each with `sampan login`" });
  }
  const colon = text.indexOf(":");
  const username = colon < 0 ? text : text.slice(0, colon);
  if (username === "") throw fault("USAGE", { problem: `${flag} has no user name`, hint: "it is USER:PASSWORD" });
  const password = colon < 0 ? await ask(`Password of ${username} at ${host}`, io, { hidden: true, hint: `give it as ${flag} USER:PASSWORD`, signal }) : text.slice(colon + 1);
  return new Map([[host, { username, password, flag }]]);
}
