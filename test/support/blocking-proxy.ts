import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface BlockingProxy {
  readonly port: number;
  /** From now on nothing moves, and nobody is told: as if a cable were pulled. */
  freeze(): void;
  /** Breaks all connections and takes no new one. */
  close(): void;
  /** Takes new connections again. */
  open(): void;
}

/** A way to a port of loopback that can be in each of the states of a bad network. */
export async function startBlockingProxy(context: TestContext, port: number): Promise<BlockingProxy> {
  const sockets = new Set<Socket>();
  let closed = false;
  const server = createServer((client) => {
    if (closed) return void client.destroy();
    const upstream = connect(port, "127.0.0.1");
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => undefined).on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    closed = true;
    for (const socket of sockets) socket.destroy();
  };
  context.after(() => {
    close();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close,
    open: () => void (closed = false),
  };
}
