import { readConfig, readConfigFile } from "../../server/config/read-config.ts";
import { parseSpan } from "../../server/config/values.ts";
import { hashSecret, isSecretName, makeSecret } from "../../server/access/secret.ts";
import type { SecretName, SecretRecord, SecretScope } from "../../server/storage/secrets.ts";
import { isRepositoryPattern } from "../../server/terms/repository-pattern.ts";
import { ROLES } from "../../server/terms/rights.ts";
import { suggest } from "../../dockerfile/suggest.ts";
import { fault } from "../../std/fault.ts";
import type { Io } from "../io.ts";
import { commandActor, withRecords } from "./with-records.ts";

interface SecretWords {
  readonly root?: string | undefined;
  readonly config?: string | undefined;
  readonly role?: string | undefined;
  readonly repository: readonly string[];
  readonly expires: string;
  readonly quiet: boolean;
  readonly json: boolean;
}

/**
 * Makes a robot or a personal token and shows its secret, which is nowhere to be had afterwards.
 * @throws USAGE, REGISTRY_SECRET_EXISTS, SERVER_ROOT_UNUSABLE
 */
export async function createSecret(name: SecretName, flags: SecretWords, io: Io): Promise<void> {
  if (!isSecretName(name.name)) throw fault("USAGE", { problem: `${JSON.stringify(name.name)} is no name for a ${name.kind}: it has small letters, digits, dots, hyphens and underscores, at most 63` });
  const scope = readScope(flags);
  const expiresAt = readExpiry(flags.expires);
  const secret = makeSecret(name.kind);
  const record = await withRecords(flags, io, (metadata) => metadata.createSecret({ ...name, hash: hashSecret(secret), scope, expiresAt }, commandActor));
  if (!record) throw fault("REGISTRY_SECRET_EXISTS", { kind: name.kind, name: shownName(name) });
  if (flags.quiet) io.stdout.write(`${secret}\n`);
  else if (flags.json) io.stdout.write(`${JSON.stringify({ ...secretJson(record), secret }, null, 2)}\n`);
  else {
    io.stdout.write(`User name: ${name.kind === "robot" ? shownName(name) : name.owner}\nSecret:    ${secret}\nExpires:   ${expiresAt === undefined ? "never" : new Date(expiresAt).toISOString()}\n`);
    io.stderr.write("The secret is not shown again.\n");
  }
}

/** `robot$ci`, `alice's laptop` */
export function shownName({ kind, owner, name }: SecretName): string {
  return kind === "robot" ? `robot$${name}` : `${owner}'s ${name}`;
}

export function secretJson({ kind, owner, name, scope, createdAt, expiresAt, disabled, usedAt }: SecretRecord): Readonly<Record<string, unknown>> {
  const date = (time: number | undefined): string | null => (time === undefined ? null : new Date(time).toISOString());
  return { ...(kind === "token" ? { user: owner } : {}), name, role: scope?.role ?? null, repositories: scope?.repositories ?? [], created: date(createdAt), expires: date(expiresAt), lastUsed: date(usedAt), disabled };
}

function readScope({ role, repository, config }: SecretWords): SecretScope | undefined {
  if (role === undefined && repository.length === 0) return undefined;
  if (role === undefined || repository.length === 0) throw fault("USAGE", { problem: "a scope has both: --role ROLE and --repository PATTERN" });
  for (const pattern of repository) {
    if (!isRepositoryPattern(pattern)) throw fault("USAGE", { problem: `${JSON.stringify(pattern)} is no pattern of repository names: write prod/*, team/** or **` });
  }
  const { access } = config === undefined ? readConfig("", "") : readConfigFile(config);
  const roles = Object.keys({ ...ROLES, ...access?.roles });
  if (!roles.includes(role)) {
    const near = suggest(role, roles);
    throw fault("USAGE", { problem: `there is no role ${JSON.stringify(role)}: ${near === undefined ? `it may be ${roles.join(", ")}, or one of the configuration that --config names` : `did you mean ${near}?`}` });
  }
  return { role, repositories: repository };
}

function readExpiry(text: string): number | undefined {
  if (text === "never") return undefined;
  const time = parseSpan(text);
  if (time === undefined || time === 0) throw fault("USAGE", { problem: `--expires ${JSON.stringify(text)} is no duration: write 12h, 30d, 52w or never` });
  return Date.now() + time;
}
