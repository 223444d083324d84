/** The text of the container's /etc/hosts (BuildKit, executor/oci/hosts.go). */
export function hostsFile(hostname: string, extraHosts: readonly { readonly name: string; readonly ip: string }[]): string {
  const lines = [`127.0.0.1\tlocalhost ${hostname}`, "::1\tlocalhost ip6-localhost ip6-loopback"];
  for (const { name, ip } of extraHosts) lines.push(`${ip}\t${name}`);
  return `${lines.join("\n")}\n`;
}
