import type { SecretKind, SecretRecord } from "../../server/storage/secrets.ts";
import type { Io } from "../io.ts";
import { secretJson } from "./create-secret.ts";
import { withRecords } from "./with-records.ts";

/** Prints robots, or tokens of all users or of one, as a table or as JSON. */
export async function listSecrets(kind: SecretKind, { user, json, ...flags }: { root?: string | undefined; config?: string | undefined; user?: string | undefined; json: boolean }, io: Io): Promise<void> {
  const records = await withRecords(flags, io, (metadata) => metadata.secrets(kind, user));
  if (json) return void io.stdout.write(`${JSON.stringify(records.map(secretJson), null, 2)}\n`);
  const { formatRows } = await import("../template/format.ts");
  const rows = records.map((record) => ({
    User: record.owner, Name: record.name, Scope: scopeText(record), State: stateText(record),
    Created: dateText(record.createdAt), Expires: record.expiresAt === undefined ? "never" : dateText(record.expiresAt), Used: record.usedAt === undefined ? "never" : dateText(record.usedAt),
  }));
  const columns = `${kind === "token" ? "{{.User}}\\t" : ""}{{.Name}}\\t{{.State}}\\t{{.Scope}}\\t{{.Created}}\\t{{.Expires}}\\t{{.Used}}`;
  io.stdout.write(formatRows(rows, {
    format: undefined, defaultTable: columns,
    headers: { User: "USER", Name: "NAME", Scope: "SCOPE", State: "STATE", Created: "CREATED", Expires: "EXPIRES", Used: "LAST USED" },
  }));
}

function scopeText({ kind, scope }: SecretRecord): string {
  if (scope) return `${scope.role} on ${scope.repositories.join(", ")}`;
  return kind === "robot" ? "its grants" : "all of the user's rights";
}

function stateText({ disabled, expiresAt }: SecretRecord): string {
  if (disabled) return "disabled";
  return expiresAt !== undefined && expiresAt <= Date.now() ? "expired" : "good";
}

function dateText(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}
