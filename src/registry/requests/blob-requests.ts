import { fault } from "../../std/fault.ts";
import { sha256, type Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import type { Reference } from "../../oci/reference.ts";
import { streamBlob } from "./blob-stream.ts";
import { connectionKey, repositoryPath, repositoryScope, type Endpoint } from "../routes/endpoint.ts";
import type { Places } from "../routes/places.ts";
import type { Session } from "./session.ts";
import { discard, header } from "../transport/transport.ts";

/** Bytes from which on a body is worth a connection of its own. */
const BULK = 512 * 1024;
const EMPTY = sha256("");

/**
 * The size that a HEAD tells, or undefined when the repository has no such blob. One of another size than `size` is none: what says
 * yes to every question is no registry.
 */
export async function headBlob(
  session: Session,
  endpoint: Endpoint,
  reference: Reference,
  digest: Digest,
  options: { push?: boolean; size?: number; signal?: AbortSignal } = {},
): Promise<{ size?: number } | undefined> {
  const answer = await session.send({
    ...blobRequest(endpoint, reference, digest),
    method: "HEAD",
    // With the rights that the upload will need, so that one token serves both.
    scopes: [repositoryScope(endpoint, reference.repository, options.push ? "pull,push" : "pull")],
    accept: [200, 404],
    ...(options.signal ? { signal: options.signal } : {}),
  });
  await discard(answer);
  if (answer.status === 404) return undefined;
  const length = header(answer, "content-length");
  // Some do not count what a HEAD leaves out.
  if (length === undefined || (length === "0" && digest !== EMPTY)) return {};
  return options.size !== undefined && Number(length) !== options.size ? undefined : { size: Number(length) };
}

/**
 * A blob as a verified stream, see {@link streamBlob}; opened when the first bytes are asked for.
 * @throws BLOB_UNKNOWN, BLOB_DIGEST_MISMATCH, BLOB_TRUNCATED, RESPONSE_INVALID, REGISTRY_…
 */
export function getBlob(
  session: Session,
  places: Places,
  reference: Reference,
  descriptor: Pick<Descriptor, "digest" | "size">,
  options: { start?: number; verify?: boolean; originOnly?: boolean; lend?: boolean; signal?: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal, start, verify, lend } = options;
  // A place whose answer broke off is not asked for the rest while there is another one.
  const except = new Set<string>();
  let last: Endpoint | undefined;
  const open = (endpoint: Endpoint, from: number) =>
    session.send({
      ...blobRequest(endpoint, reference, descriptor.digest),
      method: "GET",
      scopes: [repositoryScope(endpoint, reference.repository, "pull")],
      headers: from > 0 ? { range: `bytes=${from}-` } : {},
      accept: from > 0 ? [200, 206] : [200],
      bulk: descriptor.size - from >= BULK,
      ...(signal ? { signal } : {}),
    });
  return streamBlob(descriptor, {
    host: reference.host,
    open: async (from, broken) => {
      if (options.originOnly) return open(await places.origin(reference), from);
      if (broken !== undefined && last?.mirror) {
        const reason = typeof broken === "string" ? fault("BLOB_TRUNCATED", { host: last.host, digest: descriptor.digest, expected: descriptor.size, received: from, reason: broken }) : broken;
        places.report(last, reason);
      }
      const ask = async (endpoint: Endpoint) => {
        const answer = await open(endpoint, from);
        except.add(connectionKey(endpoint));
        last = endpoint;
        return answer;
      };
      return places.first(reference, "pull", ask, { except, ...(signal ? { signal } : {}) });
    },
    isMirror: () => last?.mirror === true,
    policy: session.policy,
    clock: session.clock,
    ...(start !== undefined ? { start } : {}),
    ...(verify !== undefined ? { verify } : {}),
    ...(lend !== undefined ? { lend } : {}),
    ...(signal ? { signal } : {}),
  });
}

/** @throws BLOB_UNKNOWN, REGISTRY_REFUSED where deleting is switched off, … */
export async function deleteBlob(session: Session, endpoint: Endpoint, reference: Reference, digest: Digest, signal?: AbortSignal): Promise<void> {
  const scopes = [repositoryScope(endpoint, reference.repository, "delete"), repositoryScope(endpoint, reference.repository, "pull,push")];
  await discard(await session.send({ ...blobRequest(endpoint, reference, digest), method: "DELETE", scopes, accept: [200, 202, 204], ...(signal ? { signal } : {}) }));
}

function blobRequest(endpoint: Endpoint, reference: Reference, digest: Digest) {
  return {
    endpoint,
    target: repositoryPath(endpoint, reference, `blobs/${digest}`),
    subject: { kind: "blob", name: digest, repository: reference.repository },
  } as const;
}
