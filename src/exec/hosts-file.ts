/** In place of an address of --add-host: where the container reaches this machine. */
export const HOST_GATEWAY = "host-gateway";

/**
 * The text of the container's /etc/hosts (BuildKit, executor/oci/hosts.go).
 * @param gateway where the container reaches this machine; without it there are no lines for that
 */
export function hostsFile(hostname: string, extraHosts: readonly { readonly name: string; readonly ip: string }[], gateway?: string): string {
  const lines = [`127.0.0.1\tlocalhost ${hostname}`, "::1\tlocalhost ip6-localhost ip6-loopback"];
  for (const { name, ip } of extraHosts) {
    const address = ip === HOST_GATEWAY ? gateway : ip;
    if (address !== undefined) lines.push(`${address}\t${name}`);
  }
  return `${lines.join("\n")}\n`;
}
