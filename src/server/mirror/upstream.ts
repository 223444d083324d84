import type { Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import { openSession, type RegistryClientOptions } from "../../registry/client.ts";
import { headBlob } from "../../registry/requests/blob-requests.ts";
import { streamBlob } from "../../registry/requests/blob-stream.ts";
import { listReferrers, listTags } from "../../registry/requests/list-requests.ts";
import { getManifest, headManifest, type ManifestInfo, type RemoteManifest } from "../../registry/requests/manifest-requests.ts";
import type { Session } from "../../registry/requests/session.ts";
import { repositoryPath, repositoryScope } from "../../registry/routes/endpoint.ts";
import { Places } from "../../registry/routes/places.ts";
import { header } from "../../registry/transport/transport.ts";
import { fault } from "../../std/fault.ts";
import type { UpstreamAddress } from "../terms/upstream.ts";

/** A client that waits for a mirror is not kept waiting for long; a body that breaks off is continued. */
const RETRY = { attempts: 3, base: 200, longest: 1000, longestRetryAfter: 1000 };
/** A session remembers a login and tokens for each repository that it was asked for; it makes room for a new one after so many requests. */
const REQUESTS_PER_SESSION = 5000;
/** Blobs from this size on get a connection of their own. */
const BULK = 1024 * 1024;

/** What is asked of the registry behind a rule. Names are those it has there. Throws the faults of the registry client. */
export interface Upstream extends AsyncDisposable {
  readonly host: string;
  manifestHead(repository: string, tag: string): Promise<ManifestInfo | undefined>;
  manifestGet(repository: string, reference: { readonly tag: string } | { readonly digest: Digest }): Promise<RemoteManifest>;
  blobHead(repository: string, digest: Digest): Promise<number | undefined>;
  /** One request; the size is what the answer says. The bytes are not verified. */
  blobGet(repository: string, digest: Digest, options: { readonly expected: number | undefined }): Promise<{ readonly size: number; readonly bytes: AsyncIterable<Uint8Array> }>;
  tagList(repository: string): Promise<readonly string[]>;
  referrerList(repository: string, digest: Digest): Promise<readonly Descriptor[]>;
}

export interface UpstreamLogin {
  readonly username: string;
  readonly password: string;
}

/** @param options.certificates authorities in PEM beside the system's */
export function openUpstream({ host, plain }: UpstreamAddress, options: { login?: UpstreamLogin; certificates: readonly string[]; signal: AbortSignal }): Upstream {
  const { login, signal } = options;
  const settings: RegistryClientOptions = {
    credentials: { find: (asked) => (login && asked === host ? { ...login, source: "the section proxy" } : undefined) },
    certificates: options.certificates,
    retry: RETRY,
    connections: 16,
    userAgent: "sampan-registry",
  };
  const rules = { mirrors: new Map<string, string[]>(), insecure: plain ? [host] : [] };
  // It remembers the way of each reference, so each request has its own.
  const places = (): Places => new Places(async () => rules);
  const sessions = renewedSessions(() => openSession(settings));

  return {
    host,
    manifestHead: (repository, tag) => sessions.use((session) => headManifest(session, places(), { host, repository, tag }, { signal })),
    manifestGet: (repository, reference) => sessions.use((session) => getManifest(session, places(), { host, repository, ...reference }, { signal })),
    blobHead: (repository, digest) =>
      sessions.use(async (session) => {
        const reference = { host, repository };
        const found = await headBlob(session, await places().origin(reference), reference, digest, { signal });
        if (found && found.size === undefined) throw fault("RESPONSE_INVALID", { host, request: `HEAD of ${digest}`, problem: "it tells no size" });
        return found?.size;
      }),
    referrerList: (repository, digest) => sessions.use((session) => listReferrers(session, places(), { host, repository, digest }, { signal })),
    tagList: (repository) => sessions.use(async (session) => listTags(session, await places().origin({ host, repository }), { host, repository }, signal)),

    async blobGet(repository, digest, { expected }) {
      const { session, release } = sessions.take();
      try {
        const endpoint = await places().origin({ host, repository });
        const open = (from: number, size: number | undefined) =>
          session.send({
            endpoint,
            method: "GET",
            target: repositoryPath(endpoint, { repository }, `blobs/${digest}`),
            scopes: [repositoryScope(endpoint, repository, "pull")],
            headers: from > 0 ? { range: `bytes=${from}-` } : {},
            accept: from > 0 ? [200, 206] : [200],
            subject: { kind: "blob", name: digest, repository },
            bulk: (size ?? 0) - from >= BULK,
            signal,
          });
        const first = await open(0, expected);
        const told = header(first, "content-length");
        const size = told === undefined ? expected : Number(told);
        if (size === undefined || !Number.isSafeInteger(size)) {
          first.body.destroy();
          throw fault("RESPONSE_INVALID", { host, request: `GET of ${digest}`, problem: "it tells no size" });
        }
        let opened: typeof first | undefined = first;
        const again = async (from: number): Promise<typeof first> => {
          const answer = opened ?? (await open(from, size));
          opened = undefined;
          return answer;
        };
        const bytes = streamBlob({ digest, size }, { host, open: again, verify: false, policy: session.policy, clock: session.clock, signal });
        return { size, bytes: releasing(bytes, () => { opened?.body.destroy(); release(); }) };
      } catch (error) {
        release();
        throw error;
      }
    },

    [Symbol.asyncDispose]: () => sessions.close(),
  };
}

async function* releasing(bytes: AsyncIterable<Uint8Array>, release: () => void): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes;
  } finally {
    release();
  }
}

interface RenewedSessions {
  take(): { readonly session: Session; release(): void };
  use<Result>(task: (session: Session) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** One session at a time for new requests; an old one ends with its last request. */
function renewedSessions(open: () => Session): RenewedSessions {
  const fresh = (): { session: Session; requests: number; running: number } => ({ session: open(), requests: 0, running: 0 });
  let current = fresh();
  const all = new Set([current]);
  const end = async (entry: typeof current): Promise<void> => {
    all.delete(entry);
    await entry.session.transport[Symbol.asyncDispose]();
  };
  const take = (): { session: Session; release: () => void } => {
    if (current.requests >= REQUESTS_PER_SESSION) {
      const old = current;
      all.add((current = fresh()));
      if (old.running === 0) void end(old);
    }
    const entry = current;
    entry.requests += 1;
    entry.running += 1;
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      entry.running -= 1;
      if (entry !== current && entry.running === 0) void end(entry);
    };
    return { session: entry.session, release };
  };
  return {
    take,
    async use(task) {
      const { session, release } = take();
      try {
        return await task(session);
      } finally {
        release();
      }
    },
    close: async () => void (await Promise.all([...all].map(end))),
  };
}
