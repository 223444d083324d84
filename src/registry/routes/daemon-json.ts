import { join } from "node:path";
import { hostnameOf } from "./candidates.ts";
import type { ConfigFolders } from "./config-folders.ts";
import { hideLogin } from "./hide-login.ts";
import { inBlock } from "../transport/addresses.ts";
import { isOpenFolder, membersOf, readJson, type Members } from "./read-config.ts";

/** What docker's daemon.json says about registries. */
export interface DaemonJson {
  readonly file: string;
  /** For Docker Hub only (registry reference § 5.5). */
  readonly mirrors: readonly URL[];
  /** Hosts and blocks of addresses. */
  readonly insecure: readonly string[];
  /** Since docker 23. */
  readonly proxies: { readonly http?: string; readonly https?: string; readonly none?: string };
}

/**
 * The daemon.json of a rootless docker and of the machine's, in this order. A daemon of root's may have closed its folder
 * to others; what it says is then not meant for them. @throws ROUTES_INVALID
 */
export function readDaemonJson({ etc, user }: ConfigFolders): readonly DaemonJson[] {
  return [join(user, "docker"), join(etc, "docker")].filter(isOpenFolder).flatMap((folder) => {
    const file = join(folder, "daemon.json");
    const table = readJson(file);
    return table === undefined ? [] : [parseDaemonJson(table, file)];
  });
}

function parseDaemonJson(table: Readonly<Record<string, unknown>>, file: string): DaemonJson {
  const members = membersOf(table, file);
  const proxies = membersOf(members.table("proxies") ?? {}, file, "proxies.");
  const [http, https, none] = ["http-proxy", "https-proxy", "no-proxy"].map((key) => proxies.text(key));
  return {
    file,
    mirrors: (members.texts("registry-mirrors") ?? []).map((text) => mirrorUrl(text, members)),
    insecure: (members.texts("insecure-registries") ?? []).map((text) => text.replace(/^https?:\/\//, "").replace(/\/+$/, "").toLowerCase()),
    proxies: { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(none ? { none } : {}) },
  };
}

function mirrorUrl(text: string, members: Members): URL {
  const refuse = (problem: string): Error => members.refuse(`registry-mirrors: ${JSON.stringify(hideLogin(text))} ${problem}`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) throw refuse("is not an http or https URL");
  if (url.username || url.password) throw refuse("has a login in it; use `sampan login` instead");
  if (url.search || url.hash) throw refuse("has a query");
  return url;
}

/** The entry that allows a host to be insecure: its name, with or without the port, or a block that holds its address. */
export function insecureEntry({ insecure }: Pick<DaemonJson, "insecure">, host: string): string | undefined {
  const name = host.toLowerCase();
  const hostname = hostnameOf(name);
  return insecure.find((entry) => entry === name || entry === hostname || inBlock(hostname, entry));
}
