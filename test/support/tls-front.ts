import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { PeerCertificate, TLSSocket, TlsOptions } from "node:tls";

export interface TlsFront {
  readonly port: number;
  /** Common names of the certificates that clients showed, the empty text for none. */
  readonly clients: string[];
}

/** HTTPS in front of a registry on plain HTTP, until the test ends. */
export async function tlsFront(context: TestContext, backend: string, tls: TlsOptions): Promise<TlsFront> {
  const clients: string[] = [];
  const [hostname, port] = backend.split(":");
  const server = createServer(tls, (incoming, outgoing) => {
    const { subject } = (incoming.socket as TLSSocket).getPeerCertificate() as Partial<PeerCertificate>;
    clients.push(String(subject?.CN ?? ""));
    const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, clients };
}
