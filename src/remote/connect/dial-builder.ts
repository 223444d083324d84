import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectSecurely, TLSSocket } from "node:tls";
import { fault } from "../../std/fault.ts";
import { socketPair } from "./socket-pair.ts";
import type { BuilderAddress, TlsFiles } from "./builder-address.ts";

/** How long a socket may take to connect, in milliseconds. */
const PATIENCE = 20_000;
/** How much of what a program says on standard error is kept for the message. */
const MOST_SAID = 4096;

/** An open way to a worker. */
export interface Line extends Disposable {
  readonly stream: Duplex;
  /** What the program that carries it said, or why the socket broke. */
  said(): string;
}

/**
 * Opens the way to a worker: a socket, or the two ends of a program.
 * @throws BUILDER_UNREACHABLE, FILE_PROBLEM
 */
export async function dialBuilder(address: BuilderAddress, { builder, signal }: { builder: string; signal: AbortSignal }): Promise<Line> {
  if (address.kind === "command") return runCommand(address.command);
  const socket = address.kind === "unix"
    ? connectPlain(address.path)
    : address.tls
      ? connectSecurely({ host: address.host, port: address.port, ALPNProtocols: ["h2"], servername: serverName(address.host, address.tls), ...readTls(address.tls) })
      : connectPlain(address.port, address.host);
  try {
    await once(socket, address.kind === "tcp" && address.tls ? "secureConnect" : "connect", { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]) });
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw fault("BUILDER_UNREACHABLE", { builder, problem: (error as Error).name === "AbortError" ? "it does not answer" : reason(error) }, { cause: error });
  }
  socket.setNoDelay(true);
  let said = "";
  socket.on("error", (error) => {
    said = reason(error);
  });
  if (!(socket instanceof TLSSocket)) return { stream: socket, said: () => said, [Symbol.dispose]: () => void socket.destroy() };
  // Some refusals come right behind the handshake, as of a certificate that the other side does not like. HTTP/2 that
  // takes the socket over in that moment never hears of them, so it gets a connection of its own.
  const [stream, far] = await socketPair();
  for (const end of [stream, far]) end.on("error", () => undefined);
  if (socket.destroyed) far.destroy();
  socket.on("close", () => far.destroy());
  far.on("close", () => socket.destroy());
  socket.pipe(far).pipe(socket);
  return { stream, said: () => said, [Symbol.dispose]: () => {
    stream.destroy();
    far.destroy();
  } };
}

/** Several addresses of a host make an error of errors without words of its own; OpenSSL has a short form of its words. */
function reason(error: unknown): string {
  const { message, errors, reason: short } = error as { message: string; errors?: readonly Error[]; reason?: string };
  return short ?? errors?.[0]?.message ?? message;
}

/** TLS knows no server names that are addresses. */
function serverName(host: string, tls: TlsFiles): string {
  return tls.serverName ?? (/^[\d.]+$|:/.test(host) ? "" : host);
}

function readTls({ ca, cert, key }: TlsFiles): Record<"ca" | "cert" | "key", Buffer | undefined> {
  const read = (path: string | undefined): Buffer | undefined => {
    try {
      return path === undefined ? undefined : readFileSync(path);
    } catch (error) {
      throw fault("FILE_PROBLEM", { path: path!, problem: reason(error) }, { cause: error });
    }
  };
  return { ca: read(ca), cert: read(cert), key: read(key) };
}

/** The program ends with the line; a question for a password goes to the terminal by a way of its own, as ssh's does. */
async function runCommand([program, ...words]: readonly [string, ...string[]]): Promise<Line> {
  const [stream, far] = await socketPair();
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-MOST_SAID);
  });
  child.on("error", (error) => {
    said = `${program}: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such program here" : error.message}`;
    far.destroy();
  });
  for (const end of [stream, far, child.stdin, child.stdout]) end.on("error", () => undefined);
  child.on("close", () => far.destroy());
  far.pipe(child.stdin);
  child.stdout.pipe(far, { end: false });
  return { stream, said: () => said.trim(), [Symbol.dispose]: () => {
    stream.destroy();
    far.destroy();
    child.kill();
  } };
}
