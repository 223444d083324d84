import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";

/**
 * A way to `host:port` on loopback that breaks: each of the first connections is cut after so many bytes in either
 * direction. @returns its own address, and how many were cut
 */
export async function cuttingProxy(context: TestContext, target: string, cuts: readonly number[]): Promise<{ readonly address: string; cut(): number }> {
  const port = Number(target.slice(target.lastIndexOf(":") + 1));
  const open = new Set<Socket>();
  let next = 0;
  let cut = 0;
  const server = createServer((client) => {
    let left = cuts[next++] ?? Infinity;
    const upstream = connect(port, "127.0.0.1");
    const end = (): void => void (client.destroy(), upstream.destroy());
    const forward = (from: Socket, to: Socket): void => {
      open.add(from);
      from.on("error", end).on("close", () => { open.delete(from); end(); });
      from.on("data", (chunk: Buffer) => {
        const part = chunk.subarray(0, Math.max(0, left));
        left -= chunk.length;
        if (left > 0) {
          if (!to.write(part)) from.pause();
        } else {
          cut += 1;
          to.write(part, end);
        }
      });
      to.on("drain", () => from.resume());
    };
    forward(client, upstream);
    forward(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, cut: () => cut };
}
