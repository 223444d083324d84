import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";

export const logoutCommand = command({
  name: "logout",
  summary: "Forget the credentials for a registry",
  description: "Takes the login out of docker's config.json. Without SERVER it is Docker Hub.",
  usage: "[SERVER]",
  flags: flagTable({}),
  examples: [{ title: "Forget a registry", line: "sampan logout registry.example.com" }],
  positionals: { min: 0, max: 1 },
  async run({ positionals, io }) {
    const [{ removeLogin }, { registryHost }] = await Promise.all([import("../../registry/credentials/login.ts"), import("../registry-host.ts")]);
    const host = registryHost(positionals[0]);
    const file = removeLogin(host, io.env);
    io.stdout.write(file === undefined ? `Not logged in to ${host}\n` : `Removing login credentials for ${host}\n`);
  },
});
