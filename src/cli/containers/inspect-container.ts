import { isUp, type ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import { logFiles } from "../../container/log-entry.ts";
import { goStruct } from "../template/go-struct.ts";
import { folderBytes } from "./folder-bytes.ts";

/** A container has the machine's network or its own behind pasta, and no address that others reach it at. */
const NO_ADDRESS = { Gateway: "", IPAddress: "", MacAddress: "" };
const NEVER = "0001-01-01T00:00:00Z";

/**
 * A container as `docker container inspect` shows it, with the members that mean something here, and those that scripts ask for
 * and that are empty here, such as an address of its own. Maps are Map objects, so that templates read them as Go's maps.
 */
export function inspectContainer(record: ContainerRecord, store: Store, options: { size: boolean }): Record<string, unknown> {
  const { id, spec, running } = record;
  const { job } = spec;
  const folder = store.containers.folder(id);
  const { upper, work } = store.containers.layer(id);
  return goStruct({
    Id: id,
    Created: new Date(record.createdAt).toISOString(),
    Path: job.args[0] ?? "",
    Args: job.args.slice(1),
    State: goStruct({
      Status: record.state,
      Running: isUp(record.state),
      Paused: record.state === "paused",
      Restarting: record.state === "restarting",
      OOMKilled: record.error.startsWith("killed, because its memory"),
      Dead: false,
      Pid: running?.pid ?? 0,
      ExitCode: record.exitCode,
      Error: record.error,
      StartedAt: time(record.startedAt),
      FinishedAt: time(record.finishedAt),
      Health: null,
    }, { leftOut: ["Health"] }),
    Image: record.image,
    ResolvConfPath: "",
    HostnamePath: "",
    HostsPath: "",
    LogPath: spec.log ? logFiles(folder, id, 1)[0] : "",
    Name: `/${record.name}`,
    RestartCount: record.restarts,
    Driver: "sampan",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: null,
    HostConfig: hostConfig(record),
    GraphDriver: { Data: new Map([["UpperDir", upper], ["WorkDir", work]]), Name: "sampan" },
    SizeRw: options.size ? folderBytes(upper) : null,
    Mounts: job.mounts.map(({ source, target, readonly }) => ({ Type: "bind", Source: source, Destination: target, Mode: readonly ? "ro" : "", RW: !readonly, Propagation: "rprivate" })),
    Config: goStruct({
      Hostname: job.hostname,
      Domainname: "",
      User: job.user,
      ExposedPorts: new Map(spec.exposed.map((port) => [port, {}])),
      Tty: job.terminal,
      OpenStdin: spec.interactive,
      Env: spec.env ?? job.env,
      Healthcheck: null,
      Cmd: spec.words.length === 0 ? null : spec.words,
      Image: spec.imageName,
      Volumes: null,
      WorkingDir: job.cwd,
      Entrypoint: spec.entrypoint.length === 0 ? null : spec.entrypoint,
      Labels: new Map(Object.entries(spec.labels)),
      StopSignal: String(spec.stopSignal),
      StopTimeout: spec.stopTimeout,
    }, { leftOut: ["Healthcheck"] }),
    NetworkSettings: { Ports: portMap(record), ...NO_ADDRESS, Networks: new Map([[networkMode(record), NO_ADDRESS]]) },
  }, { leftOut: options.size ? [] : ["SizeRw"] });
}

function networkMode({ spec }: ContainerRecord): string {
  return spec.job.network === "default" ? "bridge" : spec.job.network;
}

function hostConfig(record: ContainerRecord): Record<string, unknown> {
  const { spec, autoRemove } = record;
  const { job, limits } = spec;
  return {
    Binds: job.mounts.map(({ source, target, readonly }) => `${source}:${target}${readonly ? ":ro" : ""}`),
    LogConfig: spec.log ? { Type: "json-file", Config: new Map([["max-file", String(spec.log.files)], ["max-size", String(spec.log.size)]]) } : { Type: "none", Config: new Map() },
    NetworkMode: networkMode(record),
    PortBindings: grouped(spec.ports.map(({ address, host, container, protocol }) => ({ key: `${container}/${protocol}`, binding: { HostIp: address, HostPort: host === 0 ? "" : String(host) } }))),
    RestartPolicy: { Name: spec.restart?.name ?? "no", MaximumRetryCount: spec.restart?.retries ?? 0 },
    AutoRemove: autoRemove,
    CgroupnsMode: job.hostCgroups ? "host" : "private",
    Privileged: false,
    ReadonlyRootfs: job.readonlyRoot ?? false,
    Tmpfs: new Map((job.tmpfs ?? []).map(({ target, options }) => [target, options ?? ""])),
    ExtraHosts: job.extraHosts.map(({ name, ip }) => `${name}:${ip}`),
    CapEffective: job.capabilities ?? null,
    SecurityOpt: job.noNewPrivileges ? ["no-new-privileges"] : null,
    ShmSize: job.shmSize ?? 64 * 1024 * 1024,
    Memory: limits.memory ?? 0,
    MemorySwap: limits.memorySwap ?? (limits.memory ?? 0) * 2,
    NanoCpus: Math.round((limits.cpus ?? 0) * 1e9),
    PidsLimit: limits.pids ?? null,
    Ulimits: (job.ulimits ?? []).map(({ resource, soft, hard }) => ({ Name: resource, Soft: soft, Hard: hard })),
    Init: job.init ?? false,
    Runtime: spec.runtime,
  };
}

/** `{"80/tcp": [{HostIp, HostPort}], "443/tcp": null}` of a container that runs; nothing of another. */
function portMap({ spec, running }: ContainerRecord): Map<string, unknown> {
  if (running === undefined) return new Map();
  const published = grouped(running.ports.map((port) => ({ key: `${port.container}/${port.protocol}`, binding: { HostIp: port.address === "" ? "0.0.0.0" : port.address, HostPort: String(port.host) } })));
  return new Map([...spec.exposed.filter((port) => !published.has(port)).map((port): [string, unknown] => [port, null]), ...published]);
}

function grouped(bindings: readonly { key: string; binding: object }[]): Map<string, object[]> {
  return new Map([...Map.groupBy(bindings, ({ key }) => key)].map(([key, group]) => [key, group.map(({ binding }) => binding)]));
}

function time(milliseconds: number | undefined): string {
  return milliseconds === undefined ? NEVER : new Date(milliseconds).toISOString();
}
