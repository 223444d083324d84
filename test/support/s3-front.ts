import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What becomes of one request: it goes through, is answered with a status, or its answer is cut off after so many bytes of the body. */
export type Fate = "pass" | { readonly status: number; readonly code: string } | { readonly cutAfter: number };

export interface S3Front extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  fate: (request: { readonly method: string; readonly url: string; readonly number: number }) => Fate;
}

/** Stands in front of an S3 service, and does to requests what the test wants. */
export async function startS3Front(target: string): Promise<S3Front> {
  let number = 0;
  const server = createServer((request, response) => {
    number += 1;
    const fate = front.fate({ method: request.method!, url: request.url!, number });
    if (typeof fate === "object" && "status" in fate) return void refuse(request, response, fate);
    const [hostname, port] = target.split(":");
    const onward = httpRequest({ hostname, port, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.rawHeaders);
      if (fate === "pass") return void answer.pipe(response);
      let left = fate.cutAfter;
      answer.on("data", (chunk: Buffer) => {
        response.write(chunk.subarray(0, left), () => left <= 0 && response.destroy());
        left -= Math.min(left, chunk.length);
      });
      answer.on("end", () => response.end());
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const front: S3Front = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    fate: () => "pass",
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return front;
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, code }: { status: number; code: string }): void {
  request.resume().on("end", () => {
    const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as the test wants it</Message></Error>`;
    response.writeHead(status, { "content-type": "application/xml", "content-length": body.length }).end(request.method === "HEAD" ? undefined : body);
  });
}
