import type { Agent } from "node:https";
import { isIP, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { SocksClient } from "socks";
import { secureOver } from "./secure-over.ts";

/** Makes connections through a SOCKS5 proxy (RFC 1928), which resolves the names; with TLS on top where `tls` is given. */
export function socksThrough(proxy: URL, options: { readonly timeout: number; readonly tls?: ConnectionOptions }): Agent["createConnection"] {
  return ({ host, port, servername }, callback) => {
    const hostname = (host ?? "").replace(/^\[|\]$/g, "");
    const done = callback as (error: Error | null, socket?: Socket) => void;
    const connect = async (): Promise<void> => {
      const socket = await openSocks(proxy, { host: hostname, port: Number(port) }, options.timeout);
      if (!options.tls) return done(null, socket);
      secureOver(socket, { tls: options.tls, timeout: options.timeout, name: servername || (isIP(hostname) ? "" : hostname) }, done);
    };
    connect().catch(done);
    return undefined;
  };
}

async function openSocks(proxy: URL, destination: { host: string; port: number }, timeout: number): Promise<Socket> {
  try {
    const { socket } = await SocksClient.createConnection({
      command: "connect",
      destination,
      timeout,
      proxy: {
        type: 5,
        host: proxy.hostname.replace(/^\[|\]$/g, ""),
        port: Number(proxy.port || 1080),
        ...(proxy.username === "" ? {} : { userId: decodeURIComponent(proxy.username), password: decodeURIComponent(proxy.password) }),
      },
    });
    return socket;
  } catch (error) {
    // The library's own error holds the password.
    const { message } = error as Error;
    const code = /timed out/i.test(message) ? "ETIMEDOUT" : /\bE[A-Z_]{3,}\b/.exec(message)?.[0];
    throw Object.assign(new Error(`the proxy ${proxy.host} did not connect to ${destination.host}: ${message}`), code === undefined ? {} : { code });
  }
}
