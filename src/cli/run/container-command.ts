import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ContainerConfig } from "../../oci/image-config.ts";
import { fault } from "../../std/fault.ts";
import type { Io } from "../io.ts";
import { refuseFolder } from "../refuse-folder.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * What the container runs: ENTRYPOINT and then the words of the command line, or CMD without any. --entrypoint
 * replaces ENTRYPOINT and takes CMD away, as in docker.
 * @throws USAGE when there is nothing to run
 */
export function containerArgs(config: ContainerConfig, words: readonly string[], entrypoint: string | undefined): string[] {
  const args = entrypoint === undefined
    ? [...(config.Entrypoint ?? []), ...(words.length > 0 ? words : (config.Cmd ?? []))]
    : [...(entrypoint === "" ? [] : [entrypoint]), ...words];
  if (args.length === 0) throw fault("USAGE", { problem: "no command specified", hint: "the image has neither ENTRYPOINT nor CMD: write a command behind its name" });
  return args;
}

/** The environment in docker's order: PATH, HOSTNAME and TERM, then the image's, then what -e gives; later ones win in place, a name alone takes a variable away. */
export function containerEnv(config: ContainerConfig, given: readonly string[], options: { hostname: string; terminal: boolean }): string[] {
  return environmentOf([PATH, `HOSTNAME=${options.hostname}`, ...(options.terminal ? ["TERM=xterm"] : []), ...(config.Env ?? []), ...given]);
}

/** Pairs of which later ones win, in the place of the first of their name; a name alone takes the pair away. */
export function environmentOf(pairs: readonly string[]): string[] {
  return [...byName(pairs).values()].filter((pair) => pair.includes("="));
}

/** The environment that a container was asked to have, as docker's inspect shows it: what -e and files give, then what the image has beside that. */
export function askedEnv(config: ContainerConfig, given: readonly string[]): string[] {
  return [...new Map([...byName(given), ...[...byName(config.Env ?? [])].filter(([name]) => !byName(given).has(name))]).values()];
}

function byName(pairs: readonly string[]): Map<string, string> {
  const env = new Map<string, string>();
  for (const pair of pairs) env.set(pair.split("=", 1)[0]!, pair);
  return env;
}

/** What -e gives: a name alone has its value from this environment, and stays a name where that has none. @throws USAGE */
export function givenEnv(words: readonly string[], env: NodeJS.ProcessEnv): string[] {
  for (const word of words) if (word === "" || word.startsWith("=")) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(word)} for -e, --env`, hint: "it looks like NAME=VALUE" });
  return words.map((word) => (word.includes("=") || env[word] === undefined ? word : `${word}=${env[word]}`));
}

/** The pairs of files of --env-file and the like. @throws USAGE, FILE_PROBLEM, and what reading a file throws */
export function readEnvFiles(files: readonly string[], { cwd, env }: Pick<Io, "cwd" | "env">): string[] {
  return files.flatMap((file) => {
    const path = resolve(cwd, file);
    refuseFolder(path);
    return parseEnvFile(readFileSync(path, "utf8"), file, env);
  });
}

/** The variables of an --env-file: a line each, `#` begins a comment, a name alone takes the value of the environment. @throws USAGE */
export function parseEnvFile(text: string, file: string, env: NodeJS.ProcessEnv): string[] {
  return text.replace(/^\ufeff/, "").split(/\r?\n/).flatMap((line, index) => {
    const trimmed = line.trimStart();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    const equals = trimmed.indexOf("=");
    const name = equals < 0 ? trimmed.trimEnd() : trimmed.slice(0, equals);
    if (name === "" || /\s/.test(name)) throw fault("USAGE", { problem: `${file}:${index + 1}: ${JSON.stringify(name)} is no name of a variable` });
    if (equals >= 0) return [`${name}=${trimmed.slice(equals + 1)}`];
    return env[name] === undefined ? [] : [`${name}=${env[name]}`];
  });
}
