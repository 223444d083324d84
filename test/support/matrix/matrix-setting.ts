import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { startDockerd, type DockerClient } from "../dockerd.ts";
import type { MatrixRegistry } from "./matrix-registry.ts";

/** The files by which every client knows how to reach a registry. */
export interface MatrixSetting {
  readonly registry: MatrixRegistry;
  readonly folder: string;
  /** Of `ca.crt`, `client.cert` and `client.key`. */
  readonly certificates: string;
  /** For all clients, ours included. */
  readonly env: Readonly<Record<string, string>>;
  /** Docker with a daemon of its own, which is started when it is first asked for; where wanted, one whose images containerd keeps. */
  readonly docker: (options?: { readonly containerd?: boolean }) => Promise<DockerClient>;
}

/** Logins in docker's file, certificates in docker's folder; they go with the test. */
export function matrixSetting(context: TestContext, registry: MatrixRegistry): MatrixSetting {
  const folder = mkdtempSync(join(tmpdir(), "sampan-matrix-"));
  context.after(() => {
    // Where podman was, its storage is a mount of its own.
    spawnSync("umount", ["-l", join(folder, "storage")]);
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const { host, login, authority, client } = registry;
  const certificates = `etc/docker/certs.d/${host}`;
  mkdirSync(join(folder, certificates), { recursive: true });
  if (authority) write(`${certificates}/ca.crt`, authority);
  if (client) write(`${certificates}/client.cert`, client.cert);
  if (client) write(`${certificates}/client.key`, client.key);
  const auth = login && Buffer.from(`${login.username}:${login.password}`).toString("base64");
  write("home/.docker/config.json", JSON.stringify({ auths: auth ? { [host]: { auth } } : {} }));
  write("regctl.json", JSON.stringify({
    version: 1,
    hosts: { [host]: {
      hostname: host, tls: authority ? "enabled" : "disabled", ...(authority ? { regcert: authority } : {}),
      ...(client ? { clientCert: client.cert, clientKey: client.key } : {}), ...(login ? { user: login.username, pass: login.password } : {}),
    } },
  }));
  const daemons = new Map<boolean, Promise<DockerClient>>();
  return {
    registry, folder, certificates: join(folder, certificates),
    env: {
      HOME: join(folder, "home"), XDG_CONFIG_HOME: join(folder, "home/.config"), SAMPAN_ETC: join(folder, "etc"), DOCKER_CONFIG: join(folder, "home/.docker"),
      REGISTRY_AUTH_FILE: join(folder, "home/.docker/config.json"), REGCTL_CONFIG: join(folder, "regctl.json"),
      ...(authority ? { SSL_CERT_FILE: join(folder, certificates, "ca.crt") } : {}),
    },
    docker: ({ containerd = false } = {}) => {
      const daemon = daemons.get(containerd) ?? startDockerd(context, { etc: join(folder, "etc/docker"), config: join(folder, "home/.docker"), containerd });
      daemons.set(containerd, daemon);
      return daemon;
    },
  };
}
