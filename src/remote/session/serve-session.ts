import { once } from "node:events";
import { createServer } from "node:http2";
import { connect, type Socket } from "node:net";
import { posix } from "node:path";
import type { Writable } from "node:stream";
import { createContextKey, createContextValues, Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Content } from "../api/content_pb.ts";
import { Auth, FileSend, FileSync, type Packet } from "../api/filesync_pb.ts";
import { Health } from "../api/health_pb.ts";
import { Secrets } from "../api/secrets_pb.ts";
import { SSH } from "../api/ssh_pb.ts";
import { Upload } from "../api/upload_pb.ts";
import { serveDiffCopy } from "./diff-copy.ts";
import { followLinks } from "./follow-links.ts";
import { readMetadata, type Metadata } from "./headers.ts";
import { blobInfo, readBlob } from "./layout-blobs.ts";
import { sendTree } from "./send-tree.ts";
import type { SessionServices } from "./services.ts";
import { treeFilter } from "./tree-filter.ts";
import { writeBlob } from "./write-blob.ts";

const metadataKey = createContextKey<Metadata>(new Map());
/** Most of what is sent is asked for by this method. */
const FOLDERS = `/${FileSync.typeName}/${FileSync.method.diffCopy.name}`;
const UPLOAD_CHUNK = 1024 * 1024;

/** The methods that a worker may call, as it is told of them. */
export const sessionMethods = [FileSync, FileSend, Auth, Health, Secrets, SSH, Upload, Content].flatMap((service) => service.methods.map(({ name }) => `/${service.typeName}/${name}`));

/**
 * Answers a worker on a connection on which it is the client: HTTP/2 inside of the session's stream.
 */
export function serveSession(connection: Socket, services: SessionServices): void {
  const handler = connectNodeAdapter({
    connect: false,
    grpcWeb: false,
    readMaxBytes: 16 * 1024 * 1024,
    // Packing each message costs more than the way is worth.
    acceptCompression: [],
    contextValues: (request) => createContextValues().set(metadataKey, readMetadata(request.rawHeaders)),
    routes: (router) => routes(router, services),
  });
  const server = createServer((request, response) => {
    if (request.url === FOLDERS) void serveDiffCopy(request, response, (requests) => sendFolder(readMetadata(request.rawHeaders), requests, services));
    else handler(request, response);
  });
  server.on("sessionError", () => undefined);
  server.emit("connection", connection);
}

function sendFolder(metadata: Metadata, requests: AsyncIterable<Packet>, { folders }: SessionServices): AsyncIterable<Packet> {
  const name = metadata.get("dir-name")?.[0] ?? "";
  const root = folders.get(name);
  if (root === undefined) throw new ConnectError(`no access allowed to dir ${JSON.stringify(name)}`, Code.NotFound);
  const follow = metadata.get("followpaths");
  const followed = follow === undefined ? [] : followLinks(root, follow);
  const include = followed === undefined ? [] : [...(metadata.get("include-patterns") ?? []), ...followed];
  return sendTree(root, requests, { filter: treeFilter({ include, exclude: metadata.get("exclude-patterns") ?? [] }) });
}

function routes(router: ConnectRouter, services: SessionServices): void {
  router.service(Health, { check: () => ({ status: 1 }) });
  router.service(FileSend, { diffCopy: (requests, context) => receiveResult(requests, context, services) });
  router.service(Auth, {
    credentials: async ({ host }) => (await services.login(host)) ?? {},
  });
  router.service(Secrets, {
    getSecret: async ({ id }) => {
      const data = await services.secret?.(id);
      if (data === undefined) throw new ConnectError(`secret ${id}: not found`, Code.NotFound);
      return { data: new Uint8Array(data) };
    },
  });
  router.service(SSH, {
    checkAgent: ({ id }) => {
      agentOf(services, id);
      return {};
    },
    forwardAgent: (requests, context) => forward(requests, agentOf(services, context.values.get(metadataKey).get("buildkit.ssh.id")?.[0] ?? "")),
  });
  router.service(Upload, {
    async *pull(_requests, context) {
      const source = services.uploads.get(posix.basename(context.values.get(metadataKey).get("urlpath")?.[0] ?? ""));
      if (!source) throw new ConnectError("nothing of that name is to be fetched", Code.NotFound);
      for await (const chunk of source as AsyncIterable<Uint8Array<ArrayBuffer>>) {
        for (let at = 0; at < chunk.length; at += UPLOAD_CHUNK) yield { data: chunk.subarray(at, at + UPLOAD_CHUNK) };
      }
    },
  });
  const layout = (context: HandlerContext, folders = services.layouts): string | undefined => folders.get(context.values.get(metadataKey).get("buildkit-attachable-store-id")?.[0] ?? "");
  router.service(Content, {
    info: ({ digest }, context) => ({ info: blobInfo(layout(context), digest) }),
    read: (request, context) => readBlob(layout(context), request),
    write: (requests, context) => writeBlob(layout(context, services.written), requests),
  });
}

async function* receiveResult(requests: AsyncIterable<{ data: Uint8Array }>, context: HandlerContext, { results }: SessionServices): AsyncGenerator<{ data: Uint8Array<ArrayBuffer> }> {
  const id = Number(context.values.get(metadataKey).get("buildkit-attachable-exporter-id")?.[0] ?? 0);
  const open = results.get(id);
  if (!open) throw new ConnectError(`exporter ${id} not found`, Code.NotFound);
  const output = await open();
  let failure: Error | undefined;
  output.on("error", (error: Error) => {
    failure = error;
  });
  try {
    for await (const { data } of requests) {
      if (failure) throw failure;
      if (!output.write(data)) await drained(output);
    }
    output.end();
    if (!output.writableFinished) await once(output, "finish");
  } catch (error) {
    output.destroy(error as Error);
    throw error;
  }
}

async function drained(output: Writable): Promise<void> {
  if (output.writableNeedDrain) await once(output, "drain");
}

function agentOf({ agent }: SessionServices, id: string): string {
  const socket = agent?.(id === "" ? "default" : id);
  if (socket === undefined) throw new ConnectError(`unset ssh forward key ${id}`, Code.NotFound);
  return socket;
}

async function* forward(requests: AsyncIterable<{ data: Uint8Array }>, socket: string): AsyncGenerator<{ data: Uint8Array<ArrayBuffer> }> {
  const agent = connect(socket);
  try {
    await once(agent, "connect");
    const writing = (async () => {
      for await (const { data } of requests) if (!agent.write(data)) await drained(agent);
      agent.end();
    })();
    writing.catch(() => void agent.destroy());
    for await (const chunk of agent as AsyncIterable<Uint8Array<ArrayBuffer>>) yield { data: chunk };
  } finally {
    agent.destroy();
  }
}
