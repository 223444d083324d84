import { formatReference, parseReference } from "../../oci/reference.ts";
import type { TypedAttrs, WorkerBuild } from "../../remote/worker-build.ts";
import { fault } from "../../std/fault.ts";
import type { Call } from "../command.ts";
import { csvFields, withoutKeys } from "../flags/csv.ts";
import { extraHosts } from "../flags/extra-hosts.ts";
import { labels } from "../flags/key-values.ts";
import { parseBytes } from "../flags/parse-bytes.ts";
import { attestFlags } from "./attest-flags.ts";
import { refuseFlags } from "../flags/refuse-flags.ts";
import { buildFlags } from "./build-flags.ts";
import { buildArgsOf, contextsOf, platformsOf } from "./frontend-flags.ts";
import { toldProvenance } from "./metadata-provenance.ts";
import { isFalse, isGitLabels, isYes } from "./output-attributes.ts";
import { allowFlags, secretFlags, sshFlags } from "./secret-flags.ts";
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
    if ("refused" in buildFlags[name] && !SENT.has(name)) refuseFlags(new Set([name]), buildFlags);
    if (!SENT.has(name)) throw fault("NOT_SUPPORTED", { feature: `the flag --${name} together with a builder`, hint: "leave it away, or build here with --builder default" });
  }
  const context = positionals[0]!;
  const names = flags.tag.map((tag) => formatReference(parseReference(tag)));
  const buildArgs = buildArgsOf(flags["build-arg"], io.env);
  return {
    context,
    cwd: io.cwd,
    ...(flags.file === undefined ? {} : { file: flags.file }),
    ...(context === "-" || flags.file === "-" ? { stdin: io.stdin } : {}),
    tags: names,
    ...(flags.target ? { target: flags.target } : {}),
    buildArgs,
    labels: labels(flags.label),
    platforms: platformsOf(flags.platform, io.env),
    noCache: flags["no-cache"],
    noCacheFilter: flags["no-cache-filter"].flatMap((stages) => stages.split(",")),
    pull: flags.pull,
    addHosts: extraHosts(flags["add-host"], { gateway: { refused: "together with a builder", hint: "write the address at which the builder reaches the host" } }),
    network: flags.network as "default" | "none" | "host",
    ...(flags["cgroup-parent"] ? { cgroupParent: flags["cgroup-parent"] } : {}),
    ...(flags["shm-size"] ? { shmSize: parseBytes(flags["shm-size"], "--shm-size") } : {}),
    ulimits: flags.ulimit,
    allow: allowFlags(flags.allow),
    attests: new Map([...attestFlags(flags)].flatMap(([type, attributes]) => (attributes ? [[type, [...attributes].map(([key, value]) => csvField(`${key}=${value}`)).join(",")] as const] : []))),
    ...toldProvenance(flags["metadata-file"], io.env),
    gitInfo: !isFalse(io.env["BUILDX_GIT_INFO"]),
    gitLabels: isGitLabels(io.env["BUILDX_GIT_LABELS"]),
    gitCheckDirty: isYes(io.env["BUILDX_GIT_CHECK_DIRTY"]),
    contexts: new Map(Object.entries(contextsOf(flags["build-context"]))),
    cacheFrom: flags["cache-from"].map((text) => cacheOf(text, "--cache-from")),
    cacheTo: [...cachesTo(flags["cache-to"]), ...(/^(?:1|t|true)$/i.test(buildArgs["BUILDKIT_INLINE_CACHE"] ?? "") ? [{ type: "inline", attrs: {} }] : [])],
    secrets: secretFlags(flags.secret, io),
    agents: sshFlags(flags.ssh, io),
    outputs: workerOutputs({ output: flags.output, push: flags.push, load: flags.load, terminal: io.stdout.isTTY === true, names, insecure: flags.insecure, annotations: flags.annotation }),
  };
}

/** A field of a line of CSV. */
function csvField(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** `type=…,…`, or a reference alone for a registry. */
function cacheOf(text: string, shown: string): TypedAttrs {
  if (!text.includes("=")) return { type: "registry", attrs: { ref: text } };
  const { type, ...attrs } = Object.fromEntries(csvFields(text, shown));
  if (!type) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(withoutKeys(text))} for ${shown}`, hint: "it looks like type=registry,ref=registry.example.com/team/cache" });
  return { type, attrs };
}

/** A worker tells of one of the caches that it wrote, and not of which. */
function cachesTo(texts: readonly string[]): TypedAttrs[] {
  const caches = texts.map((text) => cacheOf(text, "--cache-to"));
  const local = caches.find(({ type }) => type === "local");
  if (local && !local.attrs["dest"]) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(withoutKeys(texts[caches.indexOf(local)]!))} for --cache-to: dest= is missing` });
  if (local && caches.filter(({ type }) => type !== "inline").length > 1) {
    throw fault("NOT_SUPPORTED", { feature: "--cache-to type=local beside other caches, together with a builder", hint: "one cache in a folder is written, or any number elsewhere" });
  }
  return caches;
}
