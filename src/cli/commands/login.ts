import { resolve } from "node:path";
import type { deviceLogin } from "../../registry/credentials/device-login.ts";
import { command, type Call } from "../command.ts";
import { flagTable } from "../flags/flag.ts";

const flags = flagTable({
  username: { kind: "text", short: "u", value: "NAME", help: "User name" },
  password: { kind: "text", short: "p", value: "TEXT", help: "Password; it stays in the shell's history, so --password-stdin is better" },
  "password-stdin": { kind: "switch", help: "Read the password from standard input" },
  authfile: { kind: "text", value: "PATH", help: "Keep the login in this file, in the format of containers' auth.json; SERVER may then be a namespace, `host/team`" },
  device: { kind: "switch", help: "Confirm the login in a browser, on this or another machine, where the registry has an identity provider" },
  insecure: { kind: "switch", help: "Speak plain HTTP to the registry, or HTTPS without checking its certificate" },
});

export const loginCommand = command({
  name: "login",
  summary: "Keep the credentials for a registry",
  description:
    "Asks the registry whether it accepts the login, and keeps it where docker, skopeo and other tools find it too: with the " +
    "credential helper that docker's config.json names (credsStore, credHelpers), else in that file. Without SERVER it is " +
    "Docker Hub. What is not given is asked for.",
  usage: "[OPTIONS] [SERVER]",
  flags,
  examples: [{ title: "In a script", line: "printf %s \"$TOKEN\" | sampan login -u ci --password-stdin registry.example.com" }],
  positionals: { min: 0, max: 1 },
  async run(call) {
    const { io, positionals, signal } = call;
    const [{ checkLogin }, { saveLogin }, { loginPlace }, { otherSource, plainTextWarning }, { machineRoutes }] = await Promise.all([
      import("../../registry/credentials/check-login.ts"), import("../../registry/credentials/keep-login.ts"), import("../registry-host.ts"), import("../login-warnings.ts"),
      import("../../registry/routes/machine-routes.ts"),
    ]);
    const authFile = call.flags.authfile === undefined ? undefined : resolve(io.cwd, call.flags.authfile);
    const { host, place } = loginPlace(positionals[0], authFile);
    const options = { insecure: call.flags.insecure, environment: io.env, routes: machineRoutes(io.env), signal };
    const typedLogin = async (typed: { username: string; password: string }) => {
      const { identityToken } = await checkLogin(host, typed, options);
      return { ...typed, ...(identityToken === undefined ? {} : { identityToken }) };
    };
    const login = call.flags.device ? await confirmedLogin(call, host, options) : await typedLogin(await credentials(call));
    const kept = await saveLogin(place, login, { environment: io.env, signal, ...(authFile === undefined ? {} : { authFile }) });
    if (!kept.helper) io.stderr.write(plainTextWarning(kept.file, io.env));
    const other = authFile === undefined ? await otherSource(host, kept, io.env) : undefined;
    if (other !== undefined) io.stderr.write(`WARNING! ${other} holds another login for ${host}, which is used before this one.\n`);
    io.stdout.write("Login Succeeded\n");
  },
});

/** A login that a person confirms in a browser; its token is kept in the place of a password. */
async function confirmedLogin({ given, io }: Call<typeof flags>, host: string, options: Omit<Parameters<typeof deviceLogin>[1], "onCode">): Promise<{ username: string; password: string; identityToken: string }> {
  const [{ deviceLogin: begin }, { fault }] = await Promise.all([import("../../registry/credentials/device-login.ts"), import("../../std/fault.ts")]);
  if ((["username", "password", "password-stdin"] as const).some((name) => given.has(name))) throw fault("USAGE", { problem: "--device asks for neither a name nor a password" });
  const { username, identityToken } = await begin(host, { ...options, onCode: ({ url, code }) => void io.stderr.write(`Open ${url}\nand confirm the code ${code}\n`) });
  return { username, password: "", identityToken };
}

async function credentials({ flags: given, given: names, io, signal }: Call<typeof flags>): Promise<{ username: string; password: string }> {
  const [{ ask, readStdin }, { fault }] = await Promise.all([import("../ask.ts"), import("../../std/fault.ts")]);
  if (given["password-stdin"] && names.has("password")) throw fault("USAGE", { problem: "--password and --password-stdin are mutually exclusive" });
  if (given["password-stdin"] && !given.username) throw fault("USAGE", { problem: "Must provide --username with --password-stdin" });
  if (names.has("password")) io.stderr.write("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  const hint = "give the name with --username and the password with --password-stdin";
  const username = (given.username ?? (await ask("Username", io, { hint, signal }))).trim();
  if (username === "") throw fault("USAGE", { problem: "the user name is empty" });
  if (username.includes(":")) throw fault("USAGE", { problem: "the user name has a colon, with which it ends in every file that keeps it" });
  const password = given["password-stdin"] ? await readStdin(io.stdin) : (given.password ?? (await ask("Password", io, { hint, hidden: true, signal })));
  if (password === "") throw fault("USAGE", { problem: "the password is empty" });
  return { username, password };
}
