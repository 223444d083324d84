import type { AccessProbe, AccessReport } from "../../registry/auth/examine-access.ts";
import type { LoginStep, ShownLogin } from "../../registry/credentials/explain-login.ts";
import type { ListedLogin } from "../../registry/credentials/list-logins.ts";
import { columns } from "../help/columns.ts";

const layout = { indent: 0, width: 120 };

/** What `sampan auth doctor REF` prints: who, by which places, at which registry, and what that one allows. */
export function accessText(report: AccessReport): string {
  const { reference, host, login, places, lookedIn, registry, probes } = report;
  const rows: [string, string][] = [
    ["for", reference.startsWith(host) ? reference : `${reference}, asked at ${host}`],
    ["login", login === undefined ? `none${lookedIn.length === 0 ? "" : `; looked in ${lookedIn.join(", ")}`}` : loginWords(login)],
    ...places.map((step): [string, string] => ["  from", stepWords(step)]),
    ["registry", registry === undefined ? "it did not answer" : registryWords(registry)],
    ...probes.map((probe): [string, string] => [probe.action, probeWords(probe)]),
  ];
  return `${columns(rows, layout)}\n\n${verdict(report)}\n`;
}

/** What `sampan auth doctor` prints: all logins that are kept. */
export function loginsText(logins: readonly ListedLogin[], places: readonly string[]): string {
  if (logins.length === 0) return `No logins are kept. Looked in:\n${places.map((place) => `  ${place}\n`).join("")}`;
  const rows = logins.map(({ registry, user, kind, source, expires, problem }): [string, string] => {
    const who = problem ?? [user, kind === "password" ? "" : kind, expires === undefined ? "" : `until ${expires}`].filter(Boolean).join(", ");
    return [registry, problem === undefined ? `${who} (from ${source})` : who];
  });
  return `${columns(rows, layout)}\n`;
}

function loginWords({ user, kind, source, entry, expires }: ShownLogin): string {
  const ends = expires === undefined ? "" : `, which ${Date.parse(expires) < Date.now() ? "ended" : "ends"} at ${expires}`;
  return `${user ?? "a token"} by ${kind}${ends}, from ${source}${entry === undefined ? "" : `, entry ${entry}`}`;
}

function stepWords({ source, key, outcome, problem }: LoginStep): string {
  const what = { used: "this one is used", empty: "no login there", failed: `cannot be asked: ${problem ?? ""}`, later: "not asked, because the one before is used" }[outcome];
  return `${source}, ${key}: ${what}`;
}

function registryWords({ origin, wants, realm, service }: NonNullable<AccessReport["registry"]>): string {
  if (wants === "no login") return `${origin} wants no login`;
  const where = [realm === undefined ? "" : `realm ${realm}`, service === undefined ? "" : `service ${service}`].filter(Boolean).join(", ");
  return `${origin} wants ${wants === "bearer" ? "a token (Bearer)" : "user and password (Basic)"}${where === "" ? "" : `, ${where}`}`;
}

function probeWords({ allowed, known, asked, granted, expires, problem }: AccessProbe): string {
  const scopes = asked === undefined ? "" : ` (asked for ${asked}${granted === undefined ? "" : `, granted ${granted.join(" ") || "nothing"}`})`;
  const how = known === "token" ? "says the token" : "tried";
  const until = expires === undefined ? "" : `; the token ends at ${expires}`;
  return `${allowed ? "allowed" : "not allowed"}, ${how}${scopes}${until}${problem === undefined || known === "token" ? "" : `: ${problem}`}`;
}

function verdict({ login, probes }: AccessReport): string {
  const may = probes.filter(({ allowed }) => allowed).map(({ action }) => action);
  const not = probes.filter(({ allowed }) => !allowed);
  const who = login === undefined ? "Without a login one" : `${login.user ?? "This login"}`;
  if (login === undefined && may[0] === "sign in") return "The registry lets everybody in; what a repository allows, `sampan auth doctor HOST/REPOSITORY` shows.";
  if (not.length === 0) return `${who} may ${may.join(" and ")}.`;
  const hint = not[0]!.hint === undefined ? "" : `\nhint: ${not[0]!.hint}`;
  return `${who} may ${may.length === 0 ? "" : `${may.join(" and ")}, but `}not ${not.map(({ action }) => action).join(" or ")}.${hint}`;
}
