import { resolve } from "node:path";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";

export const logoutCommand = command({
  name: "logout",
  summary: "Forget the credentials for a registry",
  description: "Takes the login out of the credential helper and of docker's config.json. Without SERVER it is Docker Hub.",
  usage: "[OPTIONS] [SERVER]",
  flags: flagTable({
    authfile: { kind: "text", value: "PATH", help: "Take it out of this file instead, in the format of containers' auth.json" },
  }),
  examples: [{ title: "Forget a registry", line: "sampan logout registry.example.com" }],
  positionals: { min: 0, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ removeLogin }, { loginPlace }, { otherSource }] = await Promise.all([
      import("../../registry/credentials/keep-login.ts"), import("../registry-host.ts"), import("../login-warnings.ts"),
    ]);
    const authFile = flags.authfile === undefined ? undefined : resolve(io.cwd, flags.authfile);
    const { host, place } = loginPlace(positionals[0], authFile);
    const kept = await removeLogin(place, { environment: io.env, signal, ...(authFile === undefined ? {} : { authFile }) });
    io.stdout.write(kept === undefined ? `Not logged in to ${place}\n` : `Removing login credentials for ${place}\n`);
    const other = authFile === undefined ? await otherSource(host, undefined, io.env) : undefined;
    if (other !== undefined) io.stderr.write(`WARNING! ${other} still holds a login for ${host}.\n`);
  },
});
