import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { formatReference, parseReference } from "../../oci/reference.ts";
import type { SecretSource, TypedAttrs, WorkerBuild } from "../../remote/worker-build.ts";
import { fault } from "../../std/fault.ts";
import type { Call } from "../command.ts";
import { csvFields } from "../flags/csv.ts";
import { extraHosts } from "../flags/extra-hosts.ts";
import { assignments, labels } from "../flags/key-values.ts";
import { parseBytes } from "../flags/parse-bytes.ts";
import type { buildFlags } from "./build-flags.ts";
import { workerOutputs } from "./worker-outputs.ts";

/** Flags that a worker is told of, or that are our own affair; what is not among them is refused, never left away. */
const SENT: ReadonlySet<keyof typeof buildFlags> = new Set([
  "builder", "builder-tls-ca", "builder-tls-cert", "builder-tls-key", "tag", "label", "annotation", "platform", "file", "target", "build-arg", "build-context", "no-cache", "no-cache-filter", "pull",
  "cache-from", "cache-to", "output", "push", "load", "iidfile", "metadata-file", "progress", "quiet", "add-host", "network", "cgroup-parent", "shm-size", "ulimit", "allow", "attest", "provenance", "sbom",
  "secret", "ssh", "call", "check", "creds", "no-creds", "authfile", "insecure", "rm", "force-rm",
] as const);

/** The build that the command line describes, for a worker. @throws NOT_SUPPORTED for flags that cannot be sent, USAGE */
export function workerBuildOf({ flags, given, positionals, io }: Call<typeof buildFlags>): WorkerBuild {
  for (const name of given) {
    if (!SENT.has(name)) throw fault("NOT_SUPPORTED", { feature: `the flag --${name} together with a builder`, hint: "leave it away, or build here with --builder default" });
  }
  const context = positionals[0]!;
  const names = flags.tag.map((tag) => formatReference(parseReference(tag)));
  const buildArgs = assignments(flags["build-arg"], io.env, "--build-arg");
  return {
    context,
    cwd: io.cwd,
    ...(flags.file === undefined ? {} : { file: flags.file }),
    ...(context === "-" || flags.file === "-" ? { stdin: io.stdin } : {}),
    tags: names,
    ...(flags.target ? { target: flags.target } : {}),
    buildArgs,
    labels: labels(flags.label),
    platforms: ([flags.platform ?? []].flat(2) as string[]).flatMap((text) => text.split(",")).filter((text) => text !== ""),
    noCache: flags["no-cache"],
    noCacheFilter: flags["no-cache-filter"].flatMap((stages) => stages.split(",")),
    pull: flags.pull,
    addHosts: extraHosts(flags["add-host"]),
    network: flags.network as "default" | "none" | "host",
    ...(flags["cgroup-parent"] ? { cgroupParent: flags["cgroup-parent"] } : {}),
    ...(flags["shm-size"] ? { shmSize: parseBytes(flags["shm-size"], "--shm-size") } : {}),
    ulimits: flags.ulimit,
    allow: flags.allow.flatMap((text) => text.split(",")),
    attests: attestsOf(flags),
    contexts: contextsOf(flags["build-context"]),
    cacheFrom: flags["cache-from"].map((text) => cacheOf(text, "--cache-from")),
    cacheTo: [...flags["cache-to"].map((text) => cacheTo(text)), ...(/^(?:1|t|true)$/i.test(buildArgs["BUILDKIT_INLINE_CACHE"] ?? "") ? [{ type: "inline", attrs: {} }] : [])],
    secrets: new Map(flags.secret.map((text) => secretOf(text, io.env, io.cwd))),
    agents: new Map(flags.ssh.map((text) => agentOf(text, io.env))),
    outputs: workerOutputs({ output: flags.output, push: flags.push, load: flags.load, terminal: io.stdout.isTTY === true, names, insecure: flags.insecure, annotations: flags.annotation }),
  };
}

/** `--attest type=sbom,…`, `--sbom true`, `--provenance mode=max`; `false` takes one back. */
function attestsOf({ attest, provenance, sbom }: { attest: readonly string[]; provenance: string | undefined; sbom: string | undefined }): Map<string, string> {
  const found = new Map<string, string>();
  const add = (type: string, rest: string): void => {
    if (/^(?:0|f|false|disabled=true)$/i.test(rest)) found.delete(type);
    else found.set(type, /^(?:1|t|true)$/i.test(rest) ? "" : rest);
  };
  for (const text of attest) {
    const { type, ...attrs } = Object.fromEntries(csvFields(text, "--attest"));
    if (!type) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for --attest`, hint: "it looks like type=provenance,mode=max" });
    add(type, Object.entries(attrs).map(([key, value]) => `${key}=${value}`).join(","));
  }
  if (provenance !== undefined) add("provenance", provenance);
  if (sbom !== undefined) add("sbom", sbom);
  return found;
}

function contextsOf(words: readonly string[]): Map<string, string> {
  return new Map(words.map((text) => {
    const [, name, source] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (name === undefined || source === undefined) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for --build-context`, hint: "it looks like NAME=FOLDER or NAME=docker-image://alpine:3.20" });
    return [name, source];
  }));
}

/** `type=…,…`, or a reference alone for a registry. */
function cacheOf(text: string, shown: string): TypedAttrs {
  if (!text.includes("=")) return { type: "registry", attrs: { ref: text } };
  const { type, ...attrs } = Object.fromEntries(csvFields(text, shown));
  if (!type) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${shown}`, hint: "it looks like type=registry,ref=registry.example.com/team/cache" });
  return { type, attrs };
}

function cacheTo(text: string): TypedAttrs {
  const cache = cacheOf(text, "--cache-to");
  if (cache.type === "local") throw fault("NOT_SUPPORTED", { feature: "--cache-to type=local together with a builder", hint: "type=registry, s3 and inline are written by the builder itself" });
  return cache;
}

/** `id=ID,src=FILE` or `id=ID,env=NAME`, as docker reads it: without a source, a variable of that name or else a file. */
function secretOf(text: string, env: NodeJS.ProcessEnv, cwd: string): [string, SecretSource] {
  const fields = csvFields(text, "--secret");
  const wrong = (problem: string): Error => fault("USAGE", { problem: `--secret: ${problem}`, hint: "it looks like id=token,src=token.txt or id=token,env=TOKEN" });
  for (const key of fields.keys()) if (!["type", "id", "src", "source", "env"].includes(key)) throw wrong(`unexpected key ${key}`);
  const type = fields.get("type");
  if (type !== undefined && type !== "file" && type !== "env") throw wrong(`unsupported secret type ${JSON.stringify(type)}`);
  const file = fields.get("src") ?? fields.get("source");
  const id = fields.get("id") ?? file ?? fields.get("env");
  if (id === undefined || id === "") throw wrong("it has no id=");
  const name = fields.get("env") ?? (type === "env" ? (file ?? id) : file === undefined && type === undefined && env[id] !== undefined ? id : undefined);
  if (name !== undefined) {
    const value = env[name];
    if (value === undefined) throw wrong(`the variable ${name} is not set`);
    return [id, { value }];
  }
  const path = file ?? id;
  if (!existsSync(resolve(cwd, path))) throw fault("FILE_PROBLEM", { path, problem: "there is no such file, which --secret names" });
  return [id, { file: path }];
}

/** `default` is the agent of SSH_AUTH_SOCK; `ID=SOCKET` another one. */
function agentOf(text: string, env: NodeJS.ProcessEnv): [string, string] {
  const [id, path = env["SSH_AUTH_SOCK"]] = text.includes("=") ? [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)] : [text];
  if (path === undefined || path === "") throw fault("USAGE", { problem: `--ssh ${text}: there is no agent: SSH_AUTH_SOCK is not set`, hint: "start one with `eval $(ssh-agent)` and `ssh-add`" });
  if (path.includes(",") || path.startsWith("raw=")) throw fault("NOT_SUPPORTED", { feature: `--ssh ${text} together with a builder`, hint: "name the socket of an agent; keys are added to it with ssh-add" });
  return [id!, path];
}
