import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** Names that only the proxy can resolve, `registry.test:443`, and the loopback port that is meant. */
export type Names = Readonly<Record<string, number>>;

export interface TestProxy {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** What was asked for: `registry.test:443`, with the login before it where one was given. */
  readonly asked: string[];
}

/** A proxy for CONNECT on loopback, until the test ends. */
export async function startConnectProxy(context: TestContext, names: Names): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createHttpServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request, socket: Socket) => {
    const login = request.headers["proxy-authorization"]?.replace(/^Basic /, "");
    asked.push(`${login === undefined ? "" : `${Buffer.from(login, "base64").toString()}@`}${request.url}`);
    const port = names[request.url!];
    if (port === undefined) return void socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    join(socket, port, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
  });
  return { host: await listen(context, server), asked };
}

/** A SOCKS5 proxy (RFC 1928, RFC 1929) on loopback that resolves names itself, until the test ends. */
export async function startSocksProxy(context: TestContext, names: Names, login?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createServer((socket) => void serveSocks(socket, names, asked, login).catch(() => socket.destroy()));
  return { host: await listen(context, server), asked };
}

async function serveSocks(socket: Socket, names: Names, asked: string[], login: string | undefined): Promise<void> {
  const take = reader(socket);
  const [, methods] = await take(2);
  const offered = await take(methods!);
  const method = login === undefined ? 0 : 2;
  if (!offered.includes(method)) return void socket.end(Buffer.from([5, 0xff]));
  socket.write(Buffer.from([5, method]));
  let given = "";
  if (method === 2) {
    const user = await take((await take(2))[1]!);
    const password = await take((await take(1))[0]!);
    given = `${user}:${password}`;
    socket.write(Buffer.from([1, given === login ? 0 : 1]));
    if (given !== login) return void socket.end();
  }
  const kind = (await take(4))[3];
  const name = kind === 3 ? (await take((await take(1))[0]!)).toString() : [...(await take(4))].join(".");
  const target = `${name}:${(await take(2)).readUInt16BE()}`;
  asked.push(`${given && `${given}@`}${target}`);
  const port = names[target];
  const answer = (status: number): Buffer => Buffer.from([5, status, 0, 1, 0, 0, 0, 0, 0, 0]);
  if (port === undefined) return void socket.end(answer(4));
  join(socket, port, () => socket.write(answer(0)));
}

/** Takes bytes from a socket in pieces of the length that is asked for; what comes after stays in it. */
function reader(socket: Socket): (length: number) => Promise<Buffer> {
  return async (length) => {
    for (;;) {
      const chunk = socket.read(length) as Buffer | null;
      if (chunk) return chunk;
      if (socket.readableEnded || socket.destroyed) throw new Error("the client left");
      await new Promise((resolve) => socket.once("readable", resolve).once("close", resolve));
    }
  };
}

function join(socket: Socket, port: number, ready: () => void): void {
  const upstream = connect(port, "127.0.0.1", () => {
    ready();
    upstream.pipe(socket);
    socket.pipe(upstream);
  });
  for (const end of [socket, upstream]) end.on("error", () => undefined).on("close", () => { socket.destroy(); upstream.destroy(); });
}

async function listen(context: TestContext, server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket.on("close", () => sockets.delete(socket))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
