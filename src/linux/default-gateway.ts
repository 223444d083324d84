/** The IPv4 gateway of the default route with the lowest metric. @param routes the text of /proc/net/route (proc_pid_net(5)), whose addresses are in the machine's byte order */
export function defaultGateway(routes: string): string | undefined {
  const [first] = routes.split("\n").slice(1).map((line) => line.split(/\s+/))
    .filter(([, destination, gateway, , , , , mask]) => destination === "00000000" && mask === "00000000" && gateway !== undefined && gateway !== "00000000")
    .sort((a, b) => Number(a[6]) - Number(b[6]));
  const bytes = first && Buffer.from(first[2]!, "hex");
  return bytes?.length === 4 ? bytes.reverse().join(".") : undefined;
}
