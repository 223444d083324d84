import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import type { Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";
import { deleteBlob, getBlob, headBlob } from "./requests/blob-requests.ts";
import type { CredentialSource } from "./credentials/credentials.ts";
import { explainMissing } from "./requests/explain-missing.ts";
import { listReferrers, listRepositories, listTags } from "./requests/list-requests.ts";
import type { Endpoint } from "./routes/endpoint.ts";
import { deleteManifest, getManifest, headManifest, putManifest, type ManifestInfo, type RemoteManifest } from "./requests/manifest-requests.ts";
import { Places, type OnMirrorFailure } from "./routes/places.ts";
import type { Destination } from "./routes/destination.ts";
import type { MachineRoutes } from "./routes/machine-routes.ts";
import type { RouteRules } from "./routes/routes-of.ts";
import { RETRY_POLICY, systemClock, type RetryClock, type RetryPolicy } from "./transport/retry.ts";
import { Session } from "./requests/session.ts";
import { chooseProxy, environmentProxies } from "./transport/proxy-choice.ts";
import { discard, Transport } from "./transport/transport.ts";
import { streamBlobUp, type StreamedBlob } from "./requests/stream-blob-up.ts";
import { uploadBlob } from "./requests/upload-blob.ts";
import type { UploadJournal } from "./requests/upload-journal.ts";
import { answeredMounts } from "./requests/answered-mounts.ts";
import { cancelUpload, mountBlob, openUpload, type UploadBlob } from "./requests/upload-requests.ts";

export interface RegistryClientOptions {
  readonly credentials: CredentialSource;
  /** Where to read before asking the registry itself, by host: see `parseMirrors`. */
  readonly mirrors?: ReadonlyMap<string, readonly string[]>;
  /** For a client that is to see what the registry itself has: it reads where it writes. */
  readonly withoutMirrors?: boolean;
  /** What variables and files of this machine say, see `machineRoutes`; nothing unless told. */
  readonly routes?: MachineRoutes;
  /** Told when a mirror has trouble (not when it merely lacks something) and the next place is asked. */
  readonly onMirrorFailure?: OnMirrorFailure;
  /** Hosts (all, when true) that may speak plain HTTP or have a certificate that nobody vouches for. Loopback always may. */
  readonly insecure?: readonly string[] | boolean;
  /** More certificate authorities to trust, as PEM, beside the system's. */
  readonly certificates?: readonly string[];
  readonly userAgent?: string;
  /** Connections per host; 8 unless told. */
  readonly connections?: number;
  /**
   * Milliseconds until a connection stands (10 s), without a byte in either direction (60 s), and until what was sent
   * whole is said to be kept (300 s: a registry may take its time to move a large blob into place).
   */
  readonly timeouts?: { readonly connect?: number; readonly idle?: number; readonly commit?: number };
  /** HTTP(S)_PROXY, NO_PROXY and SSL_CERT_FILE are read from here; the process's own unless told. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly retry?: Partial<RetryPolicy>;
  /** Where uploads are noted, so that a push after a killed one goes on where that was. */
  readonly journal?: UploadJournal;
  readonly clock?: RetryClock;
}

interface Stoppable {
  readonly signal?: AbortSignal;
}

/**
 * Speaks OCI distribution-spec 1.1 to any number of registries. Every method throws the faults REGISTRY_UNREACHABLE,
 * REGISTRY_TIMEOUT, REGISTRY_CERTIFICATE, REGISTRY_UNAUTHORIZED, REGISTRY_DENIED, REGISTRY_LIMIT, REGISTRY_SERVER_ERROR,
 * REGISTRY_REFUSED, RESPONSE_INVALID and REDIRECT_REFUSED; others are named.
 */
export interface RegistryClient extends AsyncDisposable {
  /** Opens a connection to the host and finds out whether it wants a login, so that the first request need not. */
  connect(host: string, options?: Stoppable): Promise<void>;
  /** Whether the host answers as a registry and, where it wants a login, accepts ours. */
  ping(host: string, options?: Stoppable): Promise<void>;
  /** By digest, else by tag; with a platform an index is followed. @throws MANIFEST_UNKNOWN, PLATFORM_UNAVAILABLE, BLOB_DIGEST_MISMATCH */
  manifestGet(reference: Reference, options?: { readonly platform?: Platform; readonly signal?: AbortSignal }): Promise<RemoteManifest>;
  /** Undefined when there is none. With `push` the registry itself is asked, not its mirrors; with `once` it is not asked again when it has trouble. */
  manifestHead(reference: Reference, options?: { readonly push?: boolean; readonly once?: boolean; readonly signal?: AbortSignal }): Promise<ManifestInfo | undefined>;
  /** By tag, or by digest where the reference has no tag. */
  manifestPut(reference: Reference, manifest: { readonly bytes: Uint8Array; readonly mediaType: string }, options?: Stoppable): Promise<{ digest: Digest; subject?: Digest }>;
  /** A reference with a digest deletes the manifest and its tags, one without only the tag. @throws MANIFEST_UNKNOWN */
  manifestDelete(reference: Reference, options?: Stoppable): Promise<void>;
  /** Undefined when the repository has no such blob, or one of another size than `size`; asks the registry itself, not its mirrors. */
  blobHead(reference: Reference, digest: Digest, options?: { readonly push?: boolean; readonly size?: number; readonly signal?: AbortSignal }): Promise<{ size?: number } | undefined>;
  /**
   * The bytes from `start` on; broken connections are continued, size and digest are checked (not the digest when
   * `start` is above 0, or with `verify: false` for a reader that hashes them itself). `originOnly` passes the mirrors over. With `lend` the memory of a piece is used
   * again when the one after the next is asked for.
   * @throws BLOB_UNKNOWN, BLOB_DIGEST_MISMATCH, BLOB_TRUNCATED
   */
  blobGet(reference: Reference, descriptor: Pick<Descriptor, "digest" | "size">, options?: { readonly start?: number; readonly verify?: boolean; readonly originOnly?: boolean; readonly lend?: boolean; readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  /**
   * Sends a blob, resuming or repeating the upload when it breaks. `upload` is one that is open already, as a mount that did not work leaves one. Tells how
   * many bytes had to be sent: fewer than all after a push that was killed.
   */
  blobPut(reference: Reference, blob: UploadBlob, options?: { readonly upload?: URL; readonly onBytes?: (sent: number) => void; readonly signal?: AbortSignal }): Promise<{ sent: number }>;
  /** Sends a blob while it is made, once: when it breaks, it has to be sent by `blobPut`. `needless` ends it when the registry turns out to have the blob. */
  blobStream(reference: Reference, blob: StreamedBlob, options?: { readonly onBytes?: (sent: number) => void; readonly needless?: AbortSignal; readonly signal?: AbortSignal }): Promise<void>;
  /** Takes the blob from another repository of the host: undefined when it did, else the upload that was opened instead. */
  blobMount(reference: Reference, mount: { readonly digest: Digest; readonly from: string }, options?: Stoppable): Promise<URL | undefined>;
  /** Opens an upload for a blob that `blobPut` will send. */
  uploadOpen(reference: Reference, options?: Stoppable): Promise<URL>;
  /** Gives up an upload that was opened, or that a mount opened. */
  uploadCancel(reference: Reference, upload: URL, options?: Stoppable): Promise<void>;
  /** @throws BLOB_UNKNOWN */
  blobDelete(reference: Reference, digest: Digest, options?: Stoppable): Promise<void>;
  /** @throws NAME_UNKNOWN */
  tagList(reference: Reference, options?: Stoppable): Promise<string[]>;
  /** The repositories of a host, at most `limit`; many registries refuse that. */
  catalogList(host: string, options?: { readonly limit?: number; readonly signal?: AbortSignal }): Promise<string[]>;
  /** Descriptors of the manifests whose subject is the reference's digest. */
  referrerList(reference: Reference & { readonly digest: Digest }, options?: { readonly artifactType?: string; readonly signal?: AbortSignal }): Promise<Descriptor[]>;
}

/** Makes a client; it connects when it is first used and closes its connections when disposed of. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const idleTimeout = idleTimeoutOf(options);
  const session = openSession(options);
  const places = new Places(routeRules(options), options.onMirrorFailure, options.withoutMirrors);
  const target = (destination: Destination) => places.target(destination);
  const uploads = { idleTimeout, ...(options.journal ? { journal: options.journal } : {}) };
  return {
    connect: async (host, { signal } = {}) => void (await session.connect(await target({ host }), signal)),
    ping: async (host, { signal } = {}) => ping(session, await places.origin({ host }), signal),
    manifestGet: (reference, choice) =>
      getManifest(session, places, reference, choice).catch(async (error: unknown) => Promise.reject(await explainMissing(session, places, reference, error, choice?.signal))),
    manifestHead: (reference, choice) => headManifest(session, places, reference, choice),
    manifestPut: (reference, manifest, { signal } = {}) => putManifest(session, places, reference, manifest, signal),
    manifestDelete: (reference, { signal } = {}) => deleteManifest(session, places, reference, signal),
    blobHead: async (reference, digest, choice = {}) =>
      headBlob(session, choice.push ? await target(reference) : await places.origin(reference), reference, digest, choice),
    blobGet: (reference, descriptor, choice = {}) => getBlob(session, places, reference, descriptor, choice),
    blobPut: async (reference, blob, { upload, onBytes, signal } = {}) =>
      uploadBlob(session, await target(reference), reference, blob, {
        ...uploads, ...(upload ? { location: upload } : {}), ...(onBytes ? { onBytes } : {}), ...(signal ? { signal } : {}),
      }),
    blobStream: async (reference, blob, { onBytes, needless, signal } = {}) =>
      streamBlobUp(session, await target(reference), reference, blob, {
        ...uploads, ...(onBytes ? { onBytes } : {}), ...(needless ? { needless } : {}), ...(signal ? { signal } : {}),
      }),
    blobMount: answeredMounts(
      async (reference, mount: Parameters<RegistryClient["blobMount"]>[1], { signal }: Stoppable = {}) => mountBlob(session, await target(reference), reference, mount, signal),
      () => session.clock.now(),
    ),
    uploadOpen: async (reference, { signal } = {}) => openUpload(session, await target(reference), reference, signal),
    uploadCancel: async (reference, upload, { signal } = {}) => cancelUpload(session, await target(reference), reference, upload, signal),
    blobDelete: async (reference, digest, { signal } = {}) => deleteBlob(session, await target(reference), reference, digest, signal),
    tagList: async (reference, { signal } = {}) => listTags(session, await places.origin(reference), reference, signal),
    catalogList: async (host, choice) => listRepositories(session, await places.origin({ host }), choice),
    referrerList: (reference, choice) => listReferrers(session, places, reference, choice),
    [Symbol.asyncDispose]: () => session.transport[Symbol.asyncDispose](),
  };
}

/** What decides where the requests of a client go. */
export function routeRules({ mirrors = new Map(), insecure = false, routes }: Pick<RegistryClientOptions, "mirrors" | "insecure" | "routes">): () => Promise<RouteRules> {
  return async () => {
    if (!routes) return { mirrors, insecure };
    const rules = await routes.rules(insecure);
    return { ...rules, mirrors: new Map([...rules.mirrors, ...mirrors]) };
  };
}

/** The session below a client, for what is no request of the distribution spec. */
export function openSession(options: RegistryClientOptions): Session {
  const environment = options.environment ?? process.env;
  const proxies = environmentProxies(environment);
  const transport = new Transport({
    environment,
    proxyFor: options.routes ? (url) => options.routes!.proxyFor(url) : (url) => chooseProxy(url, proxies),
    certificates: options.certificates ?? [],
    connections: options.connections ?? 8,
    connectTimeout: options.timeouts?.connect ?? 10_000,
    idleTimeout: idleTimeoutOf(options),
    commitTimeout: options.timeouts?.commit ?? 300_000,
    userAgent: options.userAgent ?? "sampan",
  });
  const policy = { ...RETRY_POLICY, ...options.retry };
  return new Session({ transport, credentials: options.credentials, policy, clock: options.clock ?? systemClock });
}

async function ping(session: Session, endpoint: Endpoint, signal: AbortSignal | undefined): Promise<void> {
  const request = { endpoint, method: "GET", target: `${endpoint.api}/`, scopes: [], accept: [200], subject: { kind: "registry", name: "/v2/" } } as const;
  await discard(await session.send({ ...request, ...(signal ? { signal } : {}) }));
}

function idleTimeoutOf(options: RegistryClientOptions): number {
  return options.timeouts?.idle ?? 60_000;
}
