import type { Emulator } from "../../exec/emulation/find-emulation.ts";
import type { ContainerConfig } from "../../oci/image-config.ts";
import { fault } from "../../std/fault.ts";
import type { ContainerSpec } from "../../store/container-record.ts";
import type { Call } from "../command.ts";
import { labels } from "../flags/key-values.ts";
import { parseSignal } from "../flags/parse-signal.ts";
import { askedEnv, containerArgs, givenEnv, readEnvFiles } from "./container-command.ts";
import { containerJob } from "./container-job.ts";
import { exposedPorts, portRequests, publishAll } from "./port-requests.ts";
import { logSettings, resourceLimits, restartPolicy } from "./resource-flags.ts";
import type { containerFlags } from "./run-flags.ts";

type Words = Pick<Call<typeof containerFlags>, "flags" | "io">;

/** What a container is, by the flags, the words behind the image and the image's config. @throws USAGE, NOT_SUPPORTED, and what reading files throws */
export function containerSpec(call: Words, options: { id: string; imageName: string; words: readonly string[]; config: ContainerConfig; emulator: Emulator | undefined }): ContainerSpec {
  const { flags, io } = call;
  const { id, imageName, words, config } = options;
  const args = containerArgs(config, words, flags.entrypoint);
  if (flags.init && flags.runtime !== "builtin") throw fault("NOT_SUPPORTED", { feature: `--init with the runtime ${flags.runtime}` });
  const entrypoint = flags.entrypoint === undefined ? (config.Entrypoint ?? []) : flags.entrypoint === "" ? [] : [flags.entrypoint];
  const exposed = [...new Set([...Object.keys(config.ExposedPorts ?? {}).map((port) => (port.includes("/") ? port : `${port}/tcp`)), ...exposedPorts(flags.expose)])];
  const fromFiles = readEnvFiles(flags["label-file"], io);
  const env = [...readEnvFiles(flags["env-file"], io), ...givenEnv(flags.env, io.env)];
  return {
    imageName,
    entrypoint,
    words: args.slice(entrypoint.length),
    job: { ...containerJob(call, config, { args, env, id }), ...(options.emulator ? { emulator: options.emulator } : {}) },
    env: askedEnv(config, env),
    interactive: flags.interactive,
    runtime: flags.runtime,
    labels: { ...config.Labels, ...labels([...fromFiles, ...flags.label]) },
    stopSignal: parseSignal(flags["stop-signal"] ?? (config.StopSignal || "SIGTERM"), "--stop-signal"),
    stopTimeout: flags["stop-timeout"] === undefined ? 10 : seconds(flags["stop-timeout"], "--stop-timeout"),
    ports: publishedPorts(call, exposed),
    exposed,
    limits: resourceLimits(flags),
    ...restartPolicy(flags),
    ...logSettings(flags),
  };
}

/** As in docker, -p means nothing where the container has no network of its own; that is said. */
function publishedPorts({ flags, io }: Words, exposed: readonly string[]): ContainerSpec["ports"] {
  const given = portRequests(flags.publish);
  const named = new Set(given.map(({ container, protocol }) => `${container}/${protocol}`));
  const requests = [...given, ...(flags["publish-all"] ? publishAll(exposed.filter((port) => !named.has(port))) : [])];
  const network = flags.net ?? flags.network;
  if (requests.length === 0 || network === "default") return requests;
  io.stderr.write(`WARNING: Published ports are discarded when using ${network} network mode\n`);
  return [];
}

/** Seconds, -1 for ever. @throws USAGE */
export function seconds(text: string, shown: string): number {
  const value = /^-?\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(value)) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${shown}`, hint: "it is a number of seconds, -1 for ever" });
  return value;
}
