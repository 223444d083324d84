import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fault } from "../std/fault.ts";
import type { S3Bucket } from "./s3-bucket.ts";

export interface S3Login {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The access key: what was given, the file that was named, else AWS_ACCESS_KEY_ID and its companions, else the profile in the shared
 * credentials file. Roles of machines and single sign-on are other programs' work, which print their keys for the environment.
 * @throws S3_LOGIN_MISSING
 */
export async function s3Login(options: S3Bucket, place: string, environment: Environment): Promise<S3Login> {
  const login = given(options.accessKeyId, options.secretAccessKey, options.sessionToken)
    ?? (options.credentialsFile === undefined ? given(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_SESSION_TOKEN"]) : undefined)
    ?? (await fromFile(options.credentialsFile ?? environment["AWS_SHARED_CREDENTIALS_FILE"] ?? join(environment["HOME"] ?? homedir(), ".aws/credentials"), environment));
  if (!login) throw fault("S3_LOGIN_MISSING", { place });
  return login;
}

function given(accessKeyId: string | undefined, secretAccessKey: string | undefined, sessionToken: string | undefined): S3Login | undefined {
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

async function fromFile(path: string, environment: Environment): Promise<S3Login | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return undefined;
  }
  const values = sectionOf(text, environment["AWS_PROFILE"] ?? "default");
  return given(values.get("aws_access_key_id"), values.get("aws_secret_access_key"), values.get("aws_session_token"));
}

/** The values of one `[section]`. */
function sectionOf(text: string, wanted: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    const name = /^\s*\[\s*(.+?)\s*\]/.exec(line)?.[1];
    if (name !== undefined) section = name;
    const [, key, value] = /^([^=#;]+?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === wanted && key !== undefined && value !== undefined) values.set(key.trim().toLowerCase(), value);
  }
  return values;
}
