import type { RegistriesConf } from "../../registry/routes/registries-conf.ts";
import { command, type Call } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { registryAccess, registryFlags } from "../flags/registry-flags.ts";

const doctorFlags = flagTable({
  format: { kind: "text", value: "TEMPLATE", help: "Write what was found with a Go template, or `json`; without REF once for each login" },
  ...jsonWord,
  ...registryFlags,
});

export const authDoctorCommand = command({
  name: "auth doctor",
  summary: "Show which login a registry or repository gets, and what it may do",
  description:
    "Shows every place that may have the login for REF, a host or the name of an image, in the order in which they are asked; who is " +
    "signed in; what the registry wants; and whether pulling and pushing are allowed, by what the registry's tokens say or, where " +
    "they say nothing, by trying: an upload is opened and given up. The exit status is 1 when not even pulling is allowed.\n\n" +
    "Without REF it lists all logins that are kept, and where. Passwords and tokens are never shown.",
  usage: "[OPTIONS] [REF]",
  flags: doctorFlags,
  examples: [
    { title: "Why is the push denied?", line: "sampan auth doctor registry.example.com/team/app" },
    { title: "Who am I, and where?", line: "sampan auth doctor" },
  ],
  positionals: { min: 0, max: 1 },
  run: (call) => (call.positionals[0] === undefined ? listKept(call) : examine(call, call.positionals[0])),
});

async function examine({ flags, io, signal }: Call<typeof doctorFlags>, text: string): Promise<number> {
  const [{ examinedPlace }, { examineAccess }, { accessText }, { machineRoutes }] = await Promise.all([
    import("../registry-host.ts"), import("../../registry/auth/examine-access.ts"), import("../auth/access-text.ts"), import("../../registry/routes/machine-routes.ts"),
  ]);
  const place = examinedPlace(text);
  const routes = machineRoutes(io.env);
  const helpers = helpersOf(await routes.registries());
  const access = await registryAccess(flags, [place.host], { io, signal });
  const report = await examineAccess(place, { ...access, ...helpers, routes, environment: io.env, signal });
  if (flags.format === undefined) io.stdout.write(accessText(report));
  else io.stdout.write(`${(await import("../template/format.ts")).formatOne(flags.format, report)}\n`);
  return report.probes[0]!.allowed ? 0 : 1;
}

async function listKept({ flags, io, signal }: Call<typeof doctorFlags>): Promise<number> {
  const [{ listLogins }, { loginsText }, { formatRows }, { machineRoutes }] = await Promise.all([
    import("../../registry/credentials/list-logins.ts"), import("../auth/access-text.ts"), import("../template/format.ts"), import("../../registry/routes/machine-routes.ts"),
  ]);
  const { authFile } = await registryAccess(flags, [], { io, signal });
  const { logins, places } = await listLogins({ environment: io.env, ...helpersOf(await machineRoutes(io.env).registries()), ...(authFile === undefined ? {} : { authFile }) });
  if (flags.format !== undefined) io.stdout.write(formatRows(logins.map((login) => ({ ...login })), { format: flags.format, defaultTable: "{{.registry}}\t{{.user}}\t{{.kind}}\t{{.source}}", headers: { registry: "REGISTRY", user: "USER", kind: "KIND", source: "SOURCE" } }));
  else io.stdout.write(loginsText(logins, places));
  return logins.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

function helpersOf({ credentialHelpers }: RegistriesConf): { helpers?: NonNullable<RegistriesConf["credentialHelpers"]> } {
  return credentialHelpers ? { helpers: credentialHelpers } : {};
}
