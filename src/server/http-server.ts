import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { sendError, sendParserError } from "./send-error.ts";
import { RegistryError } from "./terms/registry-error.ts";
import type { Settings } from "./terms/settings.ts";

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

const CLOSE_GRACE = 5000;

/** Requests that may wait on one connection for the answer before theirs; no client of registries sends any so early. */
const MOST_WAITING = 64;

/** A server of HTTP, or HTTPS with `tls`, that keeps to the bounds of the settings; it does not listen yet. */
export async function createHttpServer(settings: Settings, onRequest: OnRequest, tls?: SecureContextOptions): Promise<Server> {
  /** Those that have not ended, in the order of their requests; the first one is worked on. */
  const answers = new WeakMap<Socket, { readonly response: ServerResponse; begin(): void }[]>();
  const options = {
    maxHeaderSize: settings.headerLimit,
    headersTimeout: settings.headersTimeout,
    requestTimeout: 0, // uploads may last; the idle limit ends those that stand still
    keepAliveTimeout: settings.keepAliveTimeout,
    connectionsCheckingInterval: Math.min(5000, settings.headersTimeout),
    highWaterMark: 256 * 1024,
    requireHostHeader: false, // checked in handle-request.ts, whose answer has a body
    noDelay: true,
  };
  const listener: OnRequest = (request, response) => {
    const { socket } = request;
    // While the server itself works (fsync, hashing again) the connection is silent through no fault of the client.
    request.once("end", () => {
      if (!response.headersSent) socket.setTimeout(0);
    });
    inTurn(request, response, () => onRequest(request, response));
  };
  /**
   * Node tells of requests while the one before them is answered. A response that waits for its turn to send would hold files and memory,
   * and is not told when the client leaves.
   */
  const inTurn = ({ socket }: IncomingMessage, response: ServerResponse, begin: () => void): void => {
    const queue = answers.get(socket) ?? [];
    answers.set(socket, queue);
    if (queue.push({ response, begin }) > MOST_WAITING) return void socket.destroy();
    response.once("close", () => {
      queue.shift();
      const [next] = queue;
      if (!next?.response.socket || socket.destroyed) return; // the last answer ended the connection
      socket.setTimeout(settings.idleTimeout); // Node leaves it as the last answer did, which may be none
      next.begin();
    });
    if (queue.length === 1) begin();
  };
  const server = tls === undefined ? createServer(options, listener) : await createTlsServer({ ...options, handshakeTimeout: settings.headersTimeout, ...tls }, listener);
  server.timeout = settings.idleTimeout;
  server.maxConnections = settings.connections;
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    inTurn(request, response, () => void sendError(request, response, new RegistryError("REQUEST_INVALID", "the expectation cannot be met", { status: 417 }), () => undefined));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const open = answers.get(socket as Socket) ?? [];
    sendParserError(error, socket as Socket, open.some(({ response }) => response.headersSent && !response.writableFinished));
  });
  return server;
}

async function createTlsServer(options: SecureContextOptions & { handshakeTimeout: number }, listener: OnRequest): Promise<Server> {
  const { createServer: createHttpsServer } = await import("node:https");
  const clients = options.ca !== undefined;
  return createHttpsServer({ ...options, requestCert: clients, rejectUnauthorized: clients }, listener);
}

/** Stops listening, and cuts what has not ended within 5 s. */
export function closeHttpServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE);
    const idle = setInterval(() => server.closeIdleConnections(), 50); // connections whose last request ends now
    server.close(() => {
      clearTimeout(force);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
