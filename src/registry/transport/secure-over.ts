import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect, type ConnectionOptions } from "node:tls";

/** TLS over a connection that stands already, as through a proxy. */
export function secureOver(
  socket: Socket | Duplex, { tls, timeout, name }: { readonly tls: ConnectionOptions; readonly timeout: number; readonly name: string },
  done: (error: Error | null, secure?: Socket) => void,
): void {
  const secure = connect({ ...tls, socket, ALPNProtocols: ["http/1.1"], ...(name ? { servername: name } : {}) });
  const late = setTimeout(() => secure.destroy(Object.assign(new Error("no TLS"), { code: "ETIMEDOUT" })), timeout);
  secure.once("error", done);
  secure.once("close", () => clearTimeout(late));
  secure.once("secureConnect", () => {
    clearTimeout(late);
    secure.off("error", done);
    done(null, secure);
  });
}
