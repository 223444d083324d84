import type { ServerResponse } from "node:http";
import { sha256 } from "../../src/oci/digest.ts";
import { createRegistryClient, type RegistryClient } from "../../src/registry/client.ts";
import { anonymous } from "../../src/registry/credentials/credentials.ts";
import type { UploadBlob } from "../../src/registry/requests/upload-requests.ts";
import { reply, type SeenRequest } from "./scripted-server.ts";
import { createTestClock } from "./test-clock.ts";

export const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
export const blob: UploadBlob = {
  digest: sha256(content),
  size: content.length,
  async *open(start) {
    for (let at = start; at < content.length; at += 50_000) yield content.subarray(at, at + 50_000);
  },
};
export const openClient = (idle = 5_000): RegistryClient => createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock(), timeouts: { idle } });

/** Answers by `METHOD` in turn for everything but `/v2/` and HEAD, which finds no blob. */
export type Steps = Record<string, ((request: SeenRequest, response: ServerResponse) => void)[]>;

export function script(steps: Steps) {
  const turns = new Map<string, number>();
  return (request: SeenRequest, response: ServerResponse): void => {
    if (request.url === "/v2/") return reply(response, 200);
    if (request.method === "HEAD") return reply(response, 404);
    const list = steps[request.method] ?? [];
    const turn = turns.get(request.method) ?? 0;
    turns.set(request.method, turn + 1);
    const step = list[Math.min(turn, list.length - 1)];
    if (!step) return reply(response, 405);
    step(request, response);
  };
}
export const accepted = (location: string) => (_request: SeenRequest, response: ServerResponse): void => reply(response, 202, { location });
export const created = (_request: SeenRequest, response: ServerResponse): void => reply(response, 201);
