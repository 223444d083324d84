import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface TestHelper {
  /** The folder to put into PATH. */
  readonly path: string;
  /** What it was called for so far: `get r.example`. */
  calls(): string[];
  /** What it keeps now: user and secret by server. */
  kept(): Record<string, [string, string]>;
}

/** A credential helper `docker-credential-<name>` in `<folder>/bin` that keeps logins in a file, as the protocol says. */
export function writeHelper(folder: string, name: string, logins: Record<string, [string, string]> = {}): TestHelper {
  const path = join(folder, "bin");
  const file = join(path, `${name}.json`);
  const log = join(path, `${name}.log`);
  mkdirSync(path, { recursive: true });
  writeFileSync(file, JSON.stringify(logins));
  writeFileSync(join(path, `docker-credential-${name}`), `#!${process.execPath}
const fs = require("node:fs");
const [action] = process.argv.slice(2);
const input = fs.readFileSync(0, "utf8");
const logins = JSON.parse(fs.readFileSync(${JSON.stringify(file)}, "utf8"));
const server = action === "store" ? JSON.parse(input).ServerURL : input;
fs.appendFileSync(${JSON.stringify(log)}, action + " " + server + "\\n");
const save = () => fs.writeFileSync(${JSON.stringify(file)}, JSON.stringify(logins));
if (action === "list") process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(logins).map(([key, [user]]) => [key, user]))));
else if (action === "store") { const { Username, Secret } = JSON.parse(input); logins[server] = [Username, Secret]; save(); }
else if (!logins[server]) { process.stdout.write("credentials not found in native keychain\\n"); process.exitCode = 1; }
else if (action === "erase") { delete logins[server]; save(); }
else process.stdout.write(JSON.stringify({ ServerURL: server, Username: logins[server][0], Secret: logins[server][1] }));
`, { mode: 0o755 });
  return {
    path,
    calls: () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []),
    kept: () => JSON.parse(readFileSync(file, "utf8")) as Record<string, [string, string]>,
  };
}

/** A credential helper that does what a shell script says. */
export function writeOddHelper(folder: string, name: string, script: string): void {
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "bin", `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
