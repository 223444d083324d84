import { join } from "node:path";
import { dockerConfigFile } from "../credentials/read-config.ts";
import { chooseProxy, environmentProxies, joinProxies, type ProxyChoice, type ProxySettings } from "../transport/proxy-choice.ts";
import type { Trust } from "../transport/trust.ts";
import { apiHost } from "./candidates.ts";
import { configFolders, type ConfigFolders, type Environment } from "./config-folders.ts";
import { readDaemonJson, type DaemonJson } from "./daemon-json.ts";
import { hostFolder, readHostsToml, type HostsFile } from "./hosts-toml.ts";
import { parseMirrors } from "./mirrors.ts";
import { membersOf, readFolder, readJson } from "./read-config.ts";
import { readRegistriesConf } from "./read-registries-conf.ts";
import { joinTrust, readTrustFolder } from "./read-trust.ts";
import type { RegistriesConf } from "./registries-conf.ts";
import type { RouteRules } from "./routes-of.ts";

/** What the variables and files of a machine and its user say about ways to registries; each is read once, when it is needed. */
export interface MachineRoutes {
  /** @throws MIRRORS_INVALID, ROUTES_INVALID */
  rules(insecure: RouteRules["insecure"]): Promise<RouteRules>;
  /** @throws PROXY_INVALID, ROUTES_INVALID */
  proxyFor(url: URL): ProxyChoice | undefined;
  /** What registries.conf says of names without a host: full names by short name, and where else to look. @throws ROUTES_INVALID */
  shortNames(): Promise<Pick<RegistriesConf, "aliases" | "search">>;
  /** containers' registries.conf with all its drop-ins, as far as it is about registries and helpers. @throws ROUTES_INVALID */
  registries(): Promise<RegistriesConf>;
}

/** SAMPAN_REGISTRY_MIRRORS, hosts.toml, registries.conf, daemon.json, folders of certificates and proxies. */
export function machineRoutes(environment: Environment = process.env): MachineRoutes {
  const folders = configFolders(environment);
  let daemons: readonly DaemonJson[] | undefined;
  let registries: Promise<RegistriesConf> | undefined;
  let proxies: ProxySettings | undefined;
  const hostsFiles = new Map<string, Promise<HostsFile | undefined>>();
  const trusts = new Map<string, Trust>();
  const readDaemons = (): readonly DaemonJson[] => (daemons ??= readDaemonJson(folders));
  const readRegistries = (): Promise<RegistriesConf> => (registries ??= readRegistriesConf(folders, environment));
  return {
    registries: readRegistries,
    shortNames: () => readRegistriesConf(folders, environment, { aliases: true }),
    async rules(insecure) {
      return {
        mirrors: parseMirrors(environment["SAMPAN_REGISTRY_MIRRORS"]),
        insecure,
        registries: (await readRegistries()).registries,
        daemons: readDaemons(),
        hostsFile: (host) => once(hostsFiles, host, () => findHostsFile(host, folders)),
        trust: (host) => once(trusts, host, () => hostTrust(host, folders)),
      };
    },
    proxyFor: (url) => chooseProxy(url, (proxies ??= joinProxies(environmentProxies(environment), configProxies(environment), daemonProxies(readDaemons())))),
  };
}

function once<Value>(known: Map<string, Value>, key: string, read: () => Value): Value {
  let value = known.get(key);
  if (value === undefined) known.set(key, (value = read()));
  return value;
}

/** The user's file before the machine's. */
async function findHostsFile(host: string, folders: ConfigFolders): Promise<HostsFile | undefined> {
  for (const root of [folders.user, folders.etc]) {
    const folder = hostFolder(join(root, "containerd/certs.d"), host);
    const found = folder === undefined ? undefined : await readHostsToml(folder);
    if (found) return found;
  }
  return undefined;
}

/** What docker, podman and containerd were given for a host; Docker Hub goes by the name that it is spoken to by, too. */
function hostTrust(host: string, { user, etc }: ConfigFolders): Trust {
  const names = [...new Set([host, apiHost(host), ...(host === "registry-1.docker.io" ? ["docker.io"] : [])])];
  // Beside a hosts.toml only the files that it names count.
  const ofContainerd = [user, etc].flatMap((root) => hostFolder(join(root, "containerd/certs.d"), host) ?? []).filter((folder) => !readFolder(folder).includes("hosts.toml"));
  const others = ["containers", "docker"].flatMap((tool) => [user, etc].flatMap((root) => names.map((name) => join(root, tool, "certs.d", name))));
  return joinTrust([...ofContainerd, ...others].map(readTrustFolder));
}

/** `proxies` of docker's config.json. */
function configProxies(environment: Environment): ProxySettings {
  const file = dockerConfigFile(environment);
  const table = membersOf(readJson(file) ?? {}, file).table("proxies");
  const own = membersOf(membersOf(table ?? {}, file, "proxies.").table("default") ?? {}, file, "proxies.default.");
  const read = (key: string): ProxySettings["http"] => {
    const value = own.text(key);
    return value ? { value, source: `proxies.default.${key} in ${file}` } : undefined;
  };
  return joinProxies({ http: read("httpProxy"), https: read("httpsProxy"), all: read("allProxy"), none: read("noProxy") });
}

function daemonProxies(daemons: readonly DaemonJson[]): ProxySettings {
  const layers = daemons.map(({ file, proxies: { http, https, none } }) => {
    const say = (value: string | undefined, key: string): ProxySettings["http"] => (value ? { value, source: `proxies.${key} in ${file}` } : undefined);
    return { http: say(http, "http-proxy"), https: say(https, "https-proxy"), none: say(none, "no-proxy"), all: undefined };
  });
  return joinProxies(...layers);
}
