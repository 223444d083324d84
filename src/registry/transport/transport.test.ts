import assert from "node:assert/strict";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { reply, startScriptedServer } from "../../../test/support/scripted-server.ts";
import { testAuthority, testCertificate } from "../../../test/support/test-certificate.ts";
import { ConnectionError, toFault, type ConnectionProblem } from "./connection-error.ts";
import { chooseProxy, environmentProxies } from "./proxy-choice.ts";
import { discard, readBody, Transport, type TransportOptions } from "./transport.ts";

const open = (options: Partial<TransportOptions> = {}): Transport =>
  new Transport({ environment: {}, proxyFor: (url) => chooseProxy(url, environmentProxies(options.environment ?? {})), certificates: [], connections: 2, connectTimeout: 2_000, idleTimeout: 2_000, commitTimeout: 2_000, userAgent: "sampan-test", ...options });

async function problemOf(work: Promise<unknown>): Promise<ConnectionProblem> {
  const error: unknown = await work.then(() => assert.fail("it must not succeed"), (reason: unknown) => reason);
  assert.ok(error instanceof ConnectionError, String(error));
  return error.problem;
}

test("a certificate of an unknown authority is refused, with a hint to what can be done", async () => {
  await using server = await startScriptedServer((_request, response) => reply(response, 200), { tls: testCertificate });
  await using transport = open();
  const url = new URL(`https://localhost:${server.host.split(":")[1]}/v2/`);
  const error: unknown = await transport.request(url, { method: "GET", verify: true }).catch((reason: unknown) => reason);
  assert.ok(error instanceof ConnectionError);
  const told = toFault(error, "localhost");
  assert.ok(isFault(told, "REGISTRY_CERTIFICATE"));
  assert.match(told.hint ?? "", /SSL_CERT_FILE/);
});

test("an authority from SSL_CERT_FILE or from the options is trusted, and --insecure asks for none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-ca-"));
  const file = join(folder, "ca.pem");
  writeFileSync(file, testAuthority);
  try {
    await using server = await startScriptedServer((_request, response) => reply(response, 200, {}, "hello"), { tls: testCertificate });
    const url = new URL(`https://localhost:${server.host.split(":")[1]}/`);
    for (const [options, verify] of [[{ environment: { SSL_CERT_FILE: file } }, true], [{ certificates: [testAuthority] }, true], [{}, false]] as const) {
      await using transport = open(options);
      const answer = await transport.request(url, { method: "GET", verify });
      assert.equal(Buffer.from((await readBody(answer, 100))!).toString(), "hello");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("plain HTTP where TLS is expected, and the reverse, are told apart from other trouble", async () => {
  await using plain = await startScriptedServer((_request, response) => reply(response, 200));
  await using transport = open();
  assert.equal(await problemOf(transport.request(new URL(`https://${plain.host}/`), { method: "GET", verify: false })), "wrong-protocol");
});

test("requests one after the other share a connection, whether their answers have a body or not", async () => {
  let connections = 0;
  const server = createServer((request, response) => void response.writeHead(request.url === "/empty" ? 202 : 200, { "content-length": request.url === "/empty" ? 0 : 5 }).end(request.url === "/empty" ? "" : "hello")).on("connection", () => { connections += 1; });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    await using transport = open();
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const [method, path] of [["HEAD", "/"], ["HEAD", "/"], ["POST", "/empty"], ["DELETE", "/empty"], ["GET", "/"], ["HEAD", "/"]] as const) {
      await discard(await transport.request(new URL(path, origin), { method, verify: false }));
    }
    assert.equal(connections, 1);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("https goes through the proxy in a tunnel, with the proxy's login and none of the registry's", async () => {
  await using server = await startScriptedServer((request, response) => reply(response, 200, {}, request.url), { tls: testCertificate });
  const seen: { target: string; login: string | undefined; authorization: string | undefined }[] = [];
  const proxy = createServer();
  proxy.on("connect", (request, socket) => {
    seen.push({ target: request.url!, login: request.headers["proxy-authorization"], authorization: request.headers.authorization });
    const [host, port] = server.host.split(":");
    const upstream = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    for (const end of [socket, upstream]) end.on("error", () => undefined).on("close", () => { socket.destroy(); upstream.destroy(); });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    await using transport = open({ environment: { HTTPS_PROXY: `http://me:pw@127.0.0.1:${(proxy.address() as AddressInfo).port}` } });
    const answer = await transport.request(new URL("https://registry.test/v2/"), { method: "GET", verify: false, headers: { authorization: "Bearer x" } });
    assert.equal(Buffer.from((await readBody(answer, 100))!).toString(), "/v2/");
    assert.deepEqual(seen, [{ target: "registry.test:443", login: `Basic ${Buffer.from("me:pw").toString("base64")}`, authorization: undefined }]);
  } finally {
    proxy.close();
    proxy.closeAllConnections();
  }
});

test("a proxy that refuses the tunnel, closes it or is not there is an error and no endless loop", async () => {
  for (const behaviour of ["refuses", "closes", "absent"] as const) {
    const proxy = createServer().on("connect", (_request, socket) => (behaviour === "refuses" ? socket.end("HTTP/1.1 403 Forbidden\r\n\r\n") : socket.destroy()));
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    if (behaviour === "absent") await new Promise((resolve) => proxy.close(resolve));
    try {
      await using transport = open({ environment: { HTTPS_PROXY: `http://127.0.0.1:${port}` } });
      const problem = await problemOf(transport.request(new URL("https://registry.test/v2/"), { method: "GET", verify: true }));
      assert.equal(problem, behaviour === "absent" ? "refused" : "broken", behaviour);
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  }
});

test("a body that is too long is not read to its end", async () => {
  await using server = await startScriptedServer((_request, response) => reply(response, 200, {}, "x".repeat(1000)));
  await using transport = open();
  const answer = await transport.request(new URL(server.origin), { method: "GET", verify: false });
  assert.equal(await readBody(answer, 999), undefined);
});
