import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { SecretSource } from "../../build/secrets.ts";
import type { SshForward } from "../../build/ssh-agents.ts";
import { suggest } from "../../dockerfile/suggest.ts";
import type { Entitlement } from "../../graph/evaluation.ts";
import { fault } from "../../std/fault.ts";
import { csvFields } from "../flags/csv.ts";

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const SECRET_KEYS = ["id", "src", "source", "env", "type"];

/**
 * --secret as buildx reads it: `id=ID,src=FILE`, `id=ID,env=VARIABLE`; with the id alone it is the variable of that
 * name, or else the file. A variable that `env=` names and that is not set is an empty secret, as there: a job may have none to give.
 * @throws USAGE, SECRET_INVALID
 */
export function secretFlags(values: readonly string[], around: Surroundings): SecretSource[] {
  return values.map((value) => secretFlag(value, around));
}

function secretFlag(value: string, { cwd, env }: Surroundings): SecretSource {
  const usage = (problem: string): Error => fault("USAGE", { problem: `${problem} in --secret`, hint: "--secret id=ID,src=FILE or --secret id=ID,env=VARIABLE" });
  const fields = csvFields(value, "--secret");
  for (const [key, text] of fields) {
    if (!SECRET_KEYS.includes(key)) throw usage(`unexpected key '${key}'`);
    if (text === "" && !value.includes(`${key}=`)) throw usage(`invalid field '${key}', which must be a key=value pair`);
  }
  const id = fields.get("id") ?? "";
  if (id === "") throw usage("there is no id");
  const type = fields.get("type");
  if (type !== undefined && type !== "file" && type !== "env") throw usage(`unsupported secret type ${JSON.stringify(type)}`);
  const source = fields.get("src") ?? fields.get("source");
  const variable = fields.get("env") || (type === "env" ? source : undefined);
  if (variable) return env[variable] === undefined ? { id, value: "", unset: variable } : { id, value: env[variable] };
  if (type === "env" && env[id] === undefined) throw fault("SECRET_INVALID", { id, problem: `the variable ${id} is not set` });
  if (source === undefined && type !== "file" && env[id] !== undefined) return { id, value: env[id] };
  const file = resolve(cwd, source ?? id);
  if (!existsSync(file)) throw fault("SECRET_INVALID", { id, problem: `there is no file ${file}` });
  return { id, file };
}

/** --ssh: `default` or `ID`, which is the agent of SSH_AUTH_SOCK, or `ID=SOCKET`, `ID=KEY[,KEY]`. @throws USAGE, SSH_INVALID */
export function sshFlags(values: readonly string[], { env }: Surroundings): SshForward[] {
  return values.map((value) => {
    const equals = value.indexOf("=");
    const id = equals < 0 ? value : value.slice(0, equals);
    const paths = equals < 0 ? [] : value.slice(equals + 1).split(",").filter((path) => path !== "");
    if (id === "") throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(value)} for --ssh`, hint: "--ssh default, --ssh default=SOCKET or --ssh github=KEY" });
    if (paths.length > 0) return { id, paths };
    const socket = env["SSH_AUTH_SOCK"];
    if (!socket) throw fault("SSH_INVALID", { id, problem: "SSH_AUTH_SOCK is not set", hint: "start an agent (eval $(ssh-agent); ssh-add), or name a key: --ssh default=$HOME/.ssh/id_ed25519" });
    return { id, paths: [socket] };
  });
}

const ENTITLEMENTS: readonly Entitlement[] = ["network.host", "security.insecure"];

/** --allow. @throws USAGE, NOT_SUPPORTED */
export function allowFlags(values: readonly string[]): Entitlement[] {
  return values.map((value) => {
    const found = ENTITLEMENTS.find((entitlement) => entitlement === value);
    if (found !== undefined) return found;
    if (/^device(?:=|$)/.test(value)) throw fault("NOT_SUPPORTED", { feature: "--allow device", hint: "devices are not shown to RUN" });
    const near = suggest(value, ENTITLEMENTS);
    throw fault("USAGE", { problem: `invalid entitlement ${JSON.stringify(value)} for --allow`, hint: near ? `did you mean ${near}?` : `it is one of ${ENTITLEMENTS.join(", ")}` });
  });
}
