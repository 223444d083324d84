import { chmodSync } from "node:fs";
import { join } from "node:path";
import { hideLogin } from "../context/git-url.ts";
import { setTimes } from "../linux/times.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import type { Transport } from "../registry/transport/transport.ts";
import { fault } from "../std/fault.ts";
import type { CacheRecord } from "../store/cache-records.ts";
import type { Store } from "../store/open-store.ts";
import { download, type ServedState } from "./download.ts";
import type { Fetched, FetchOptions, FetchSecret } from "./fetched.ts";

export interface HttpSource {
  readonly url: string;
  /** The name that the file gets. */
  readonly filename: string;
  /** What it has to be. */
  readonly checksum?: Digest;
}

/**
 * Brings a file from a URL into a snapshot of the store, mode 0600, with the time of Last-Modified or else 1970. What was
 * fetched before is asked for by its ETag or time, and not at all where a checksum makes sure of it.
 * @throws CHECKSUM_MISMATCH and those of {@link download}
 */
export async function fetchHttp(source: HttpSource, { store, transport, secret, ...options }: FetchOptions & { store: Store; transport: Transport; secret: FetchSecret }): Promise<Fetched> {
  const { filename, checksum } = source;
  const url = parseUrl(source.url);
  const key = sha256(JSON.stringify(["http", source.url, filename]));
  const sure = checksum === undefined || options.noCache || options.pull ? undefined : madeSure(store, checksum, filename);
  if (sure) return { ...sure, why: [`the file with the digest ${checksum} was fetched before`] };
  using _claim = await store.claims.take(key, options.signal);
  const known = store.cache.find(key);
  const usable = known?.snapshot && !options.noCache ? known : undefined;
  const state = usable && { etag: usable.components["etag"], modified: usable.components["last modified"] };
  const active = store.snapshots.prepare();
  try {
    const path = join(active.upper, filename);
    const downloaded = await download(url, path, {
      transport, headers: await loginFor(url, secret), ...(state ? { known: state } : {}),
      ...(options.onBytes ? { onBytes: options.onBytes } : {}), ...(options.signal ? { signal: options.signal } : {}),
    });
    if (!downloaded.fresh) {
      await store.snapshots.discard(active);
      check(usable!.components["digest"] as Digest, source);
      return { ...fromRecord(usable!), why: [state?.etag ? "the server has it unchanged (ETag)" : "the server has it unchanged (Last-Modified)"] };
    }
    check(downloaded.digest, source);
    const modified = seconds(downloaded.modified);
    chmodSync(path, 0o600);
    setTimes(path, BigInt(modified ?? 0) * 1_000_000_000n, BigInt(modified ?? 0) * 1_000_000_000n);
    const createdAt = Date.now();
    const snapshot = store.snapshots.commit(active, { createdAt, size: downloaded.size });
    const record = {
      key, resultId: identityOf(downloaded.digest, filename), slot: `http ${key}`, snapshot: snapshot.id, createdAt,
      components: components(url, filename, downloaded.digest, downloaded),
    };
    store.cache.save({ ...record, aliases: [contentKey(downloaded.digest, filename)] });
    return { ...fromRecord(record), cached: false, why: whyFetched(usable, record.components) };
  } catch (error) {
    await store.snapshots.discard(active);
    throw error;
  }
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw fault("FETCH_REFUSED", { url: hideLogin(text), problem: "it is not a URL" });
  return new URL(text);
}

/** The record of a file by its content, wherever it came from. */
function madeSure(store: Store, checksum: Digest, filename: string): Fetched | undefined {
  const record = store.cache.find(contentKey(checksum, filename));
  // The alias leads to the record of a URL, which may have given another file since.
  return record?.snapshot && record.components["digest"] === checksum ? { ...fromRecord(record), why: [] } : undefined;
}

function contentKey(digest: Digest, filename: string): Digest {
  return sha256(JSON.stringify(["http content", digest, filename]));
}

function identityOf(digest: Digest, filename: string): Digest {
  return sha256(JSON.stringify(["http file", digest, filename]));
}

function components(url: URL, filename: string, digest: Digest, { etag, modified }: ServedState): Record<string, string> {
  return { kind: "http", url: hideLogin(url.href), filename, digest, ...(etag ? { etag } : {}), ...(modified ? { "last modified": modified } : {}) };
}

function fromRecord(record: Pick<CacheRecord, "resultId" | "snapshot" | "createdAt" | "components">): Omit<Fetched, "why"> {
  return { identity: record.resultId, pin: record.components["digest"]!, snapshot: record.snapshot!, createdAt: record.createdAt, cached: true, modified: seconds(record.components["last modified"]) };
}

function whyFetched(known: CacheRecord | undefined, now: Record<string, string>): string[] {
  if (!known) return ["it was not fetched before"];
  const lines = ["etag", "last modified"].filter((name) => known.components[name] !== now[name])
    .map((name) => `${name}: ${known.components[name] ?? "none"} → ${now[name] ?? "none"}`);
  return [...lines, known.components["digest"] === now["digest"] ? "its content is what it was" : "its content changed"];
}

function check(found: Digest, { url, checksum }: HttpSource): void {
  if (checksum !== undefined && found !== checksum) throw fault("CHECKSUM_MISMATCH", { url: hideLogin(url), found, wanted: checksum });
}

/** A login in the URL, else what was given for its host under BuildKit's names. */
async function loginFor(url: URL, secret: FetchSecret): Promise<Record<string, string>> {
  if (url.username !== "" || url.password !== "") {
    const login = [url.username, url.password].map(decode).join(":");
    return { authorization: `Basic ${Buffer.from(login).toString("base64")}` };
  }
  const header = await secret(`HTTP_AUTH_HEADER_${url.host}`);
  if (header !== undefined) return { authorization: header.trim() };
  const token = await secret(`HTTP_AUTH_TOKEN_${url.host}`);
  return token === undefined ? {} : { authorization: `Bearer ${token.trim()}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Of an HTTP date; undefined where it is none. */
function seconds(date: string | undefined): number | undefined {
  const milliseconds = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(milliseconds) || milliseconds < 0 ? undefined : Math.floor(milliseconds / 1000);
}
