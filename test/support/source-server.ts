import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ServedFile {
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
  /** No ETag, and every request is answered whole. */
  readonly plain?: boolean;
}

/** A server on loopback for what builds fetch: files with ETags, redirects, and git repositories below `/git/`; below `/old-git/` by git's first protocol only. */
export interface SourceServer extends AsyncDisposable {
  readonly origin: string;
  /** By path; may be changed at any time. */
  readonly files: Map<string, ServedFile>;
  /** `METHOD path status`, in order. */
  readonly log: string[];
  /** Headers of the requests, in order. */
  readonly headers: IncomingMessage["headers"][];
}

/** @param repositories folder with bare repositories, for git's smart protocol; `login` is the header `Authorization` without which nobody gets any */
export async function serveSources(repositories?: string, { login }: { login?: string } = {}): Promise<SourceServer> {
  const files = new Map<string, ServedFile>();
  const log: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url!, "http://origin");
    response.once("finish", () => log.push(`${request.method} ${request.url} ${response.statusCode}`));
    headers.push(request.headers);
    if (login !== undefined && request.headers.authorization !== login) return void response.writeHead(401, { "www-authenticate": "Basic realm=git" }).end();
    if (repositories !== undefined && /^\/(?:old-)?git\//.test(url.pathname)) return serveGit(repositories, url, request, response);
    serveFile(files.get(url.pathname + url.search) ?? files.get(url.pathname), request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files, log, headers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serveFile(file: ServedFile | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (file === undefined) return void response.writeHead(404).end("not here");
  const etag = file.plain ? undefined : `"${createHash("sha256").update(file.body).digest("hex").slice(0, 16)}"`;
  const headers = { ...(etag ? { etag } : {}), ...file.headers };
  const known = request.headers["if-none-match"]?.split(/,\s*/) ?? [];
  if (etag && known.includes(etag)) return void response.writeHead(304, headers).end();
  response.writeHead(file.status ?? 200, { "content-length": Buffer.byteLength(file.body), ...headers });
  response.end(request.method === "HEAD" ? undefined : file.body);
}

/** git-http-backend(1) as a CGI program. */
function serveGit(root: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
  const child = spawn("git", ["-c", "safe.directory=*", "http-backend"], {
    env: {
      PATH: process.env["PATH"], GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: "1", PATH_INFO: url.pathname.replace(/^\/(?:old-)?git/, ""), QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers["content-type"] ?? "", HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: url.pathname.startsWith("/old-git/") ? "" : String(request.headers["git-protocol"] ?? ""), GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*",
      ...(request.headers["content-length"] ? { CONTENT_LENGTH: request.headers["content-length"] } : {}),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.on("error", () => undefined);
  request.pipe(child.stdin);
  let head = Buffer.alloc(0);
  child.stdout.on("data", (chunk: Buffer) => {
    if (response.headersSent) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const fields = head.subarray(0, end).toString().split("\r\n").map((line) => line.split(/:\s*/, 2) as [string, string]);
    const status = fields.find(([name]) => name.toLowerCase() === "status")?.[1] ?? "200";
    response.writeHead(Number.parseInt(status, 10), Object.fromEntries(fields.filter(([name]) => name.toLowerCase() !== "status")));
    response.write(head.subarray(end + 4));
  });
  child.stdout.on("end", () => response.end());
}
