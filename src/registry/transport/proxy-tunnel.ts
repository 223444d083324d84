import type { Agent } from "node:https";
import { isIP, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { secureOver } from "./secure-over.ts";

/** The Proxy-Authorization value for the user name and password in a proxy's address. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === "") return {};
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` };
}

/** Makes connections to https hosts through a proxy, by CONNECT (RFC 9110 § 9.3.6). */
export function tunnelThrough(
  proxy: URL,
  options: { readonly timeout: number; readonly tls: ConnectionOptions; readonly proxyTls: ConnectionOptions },
): Agent["createConnection"] {
  return ({ host, port, servername }, callback) => {
    const hostname = host ?? "";
    const target = `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port || 443}`;
    const { request: connect } = proxy.protocol === "https:" ? process.getBuiltinModule("node:https") : process.getBuiltinModule("node:http");
    const request = connect({
      ...(proxy.protocol === "https:" ? options.proxyTls : {}),
      hostname: proxy.hostname.replace(/^\[|\]$/g, ""),
      port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
      method: "CONNECT",
      path: target,
      headers: { host: target, ...proxyAuthorization(proxy) },
      agent: false,
      timeout: options.timeout,
    });
    const fail = (error: Error): void => callback?.(error, undefined as never);
    request.once("timeout", () => request.destroy(Object.assign(new Error("the proxy does not answer"), { code: "ETIMEDOUT" })));
    request.once("error", fail);
    request.once("connect", (answer, socket) => {
      request.off("error", fail);
      socket.setTimeout(0);
      if (answer.statusCode !== 200) {
        socket.destroy();
        return fail(new Error(`the proxy ${proxy.host} answered ${answer.statusCode} to a tunnel to ${target}`));
      }
      secureOver(socket, { tls: options.tls, timeout: options.timeout, name: servername || (isIP(hostname) ? "" : hostname) }, (error, secure) => callback?.(error, secure as Socket));
    });
    request.end();
    return undefined;
  };
}
