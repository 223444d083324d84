import { accessSync, constants, readdirSync } from "node:fs";
import { join } from "node:path";
import { isFault } from "../std/fault.ts";
import type { Environment } from "../registry/credentials/credentials.ts";
import { dockerCredentials } from "../registry/credentials/find-login.ts";
import type { Kept } from "../registry/credentials/keep-login.ts";

/** What a person should know of a password in a file: that it is there, and how it would not be. */
export function plainTextWarning(file: string, environment: Environment): string {
  const [found] = installedHelpers(environment["PATH"] ?? "");
  const how = found === undefined
    ? `Install a credential helper, such as docker-credential-pass or docker-credential-secretservice, and name it in that file: "credsStore": "pass".`
    : `docker-credential-${found} is installed: put "credsStore": "${found}" into that file, and log in again.`;
  return `\nWARNING! The password is stored unencrypted in '${file}'.\n${how}\n\n`;
}

/** The source of the login that is used for a host, when it is none of what was kept just now. */
export async function otherSource(host: string, kept: Kept | undefined, environment: Environment): Promise<string | undefined> {
  try {
    const found = await dockerCredentials(environment).find(host);
    return found === undefined || (kept && (found.source === kept.file || kept.helper)) && found.source !== "DOCKER_AUTH_CONFIG" ? undefined : found.source;
  } catch (error) {
    if (isFault(error)) return undefined;
    throw error;
  }
}

/** Names of the credential helpers in PATH, without those that sign in to one vendor's registries only. */
function installedHelpers(path: string): string[] {
  const names = new Set<string>();
  for (const folder of path.split(":").filter((entry) => entry.startsWith("/"))) {
    for (const name of filesOf(folder)) {
      const helper = /^docker-credential-([\w.+-]+)$/.exec(name)?.[1];
      if (helper !== undefined && ["pass", "secretservice", "osxkeychain", "wincred", "desktop"].includes(helper) && isExecutable(join(folder, name))) names.add(helper);
    }
  }
  return [...names].sort();
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
