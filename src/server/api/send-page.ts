import type { IncomingMessage, ServerResponse } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { RegistryError } from "../terms/registry-error.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const HEADERS = {
  "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "X-Frame-Options": "DENY",
};

/**
 * Answers a request below /ui/ with a file of the pages. Their names are those of the build, which has put a digest into all
 * but the first.
 * @throws RegistryError ROUTE_UNKNOWN; UNSUPPORTED
 */
export async function sendPage(request: IncomingMessage, response: ServerResponse, { path, folder }: { path: string; folder: string }): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") throw new RegistryError("UNSUPPORTED", `${request.method} is not supported here`, { headers: { Allow: "GET, HEAD" } });
  if (path === "/" || path === "/ui") {
    response.writeHead(302, { Location: "/ui/", "Content-Length": 0 });
    return void response.end();
  }
  const name = path === "/ui/" ? "index.html" : path.slice("/ui/".length);
  const type = TYPES[extname(name)];
  if (!/^(?:assets\/)?[A-Za-z0-9_-]+\.[a-z]+$/.test(name) || type === undefined) throw unknownPage();
  let bytes: Buffer;
  try {
    bytes = await readFile(join(folder, name));
  } catch (cause) {
    if (name === "index.html") throw new RegistryError("ROUTE_UNKNOWN", "this checkout has no pages: `npm run build` makes them", { cause });
    throw unknownPage();
  }
  const cached = name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  response.writeHead(200, { ...HEADERS, "Content-Type": type, "Content-Length": bytes.length, "Cache-Control": cached });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

function unknownPage(): RegistryError {
  return new RegistryError("ROUTE_UNKNOWN", "there is no such page: the first one is /ui/");
}
