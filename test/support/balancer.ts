import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface Balancer {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** Where connections go from now on. */
  use(addresses: readonly string[]): void;
}

/** Hands each new connection to the next server that takes it, and knows nothing of what is said on it. */
export async function startBalancer(context: TestContext): Promise<Balancer> {
  let targets: readonly string[] = [];
  let turn = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client.on("close", () => sockets.delete(client)).on("error", () => undefined));
    const attempt = (left: number): void => {
      const target = targets[(turn += 1) % Math.max(1, targets.length)];
      if (target === undefined || left === 0) return void client.destroy();
      const upstream = connect(Number(target.split(":")[1]), "127.0.0.1");
      sockets.add(upstream.on("close", () => sockets.delete(upstream)));
      const next = (): void => attempt(left - 1);
      upstream.once("error", next).once("connect", () => {
        upstream.off("error", next).on("error", () => client.destroy()).on("close", () => client.destroy());
        client.on("close", () => upstream.destroy());
        client.pipe(upstream).pipe(client);
      });
    };
    attempt(targets.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    use: (addresses) => void (targets = addresses),
  };
}
