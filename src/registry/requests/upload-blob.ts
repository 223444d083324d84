import { isFault } from "../../std/fault.ts";
import type { Reference } from "../../oci/reference.ts";
import { headBlob } from "./blob-requests.ts";
import type { Endpoint } from "../routes/endpoint.ts";
import { isRetryableStatus, retryDelay } from "../transport/retry.ts";
import type { Session } from "./session.ts";
import { WORTH_NOTING, type UploadJournal } from "./upload-journal.ts";
import { cancelUpload, CANCEL_TIMEOUT, closeUpload, openUpload, sendRest, uploadState, type UploadBlob, type UploadOptions } from "./upload-requests.ts";

/**
 * Sends a blob: POST, then all bytes in one PUT. When that breaks, the registry is asked how much it has: the rest
 * goes by PATCH, or everything again in a new upload (distribution-spec § Pushing blobs). So it does with an upload that
 * the journal knows from a push that was killed.
 * @returns how many bytes the registry did not have from an earlier push
 * @throws REGISTRY_…, NAME_UNKNOWN, RESPONSE_INVALID
 */
export async function uploadBlob(session: Session, endpoint: Endpoint, reference: Reference, source: UploadBlob, options: UploadOptions): Promise<{ sent: number }> {
  let unreadable: unknown;
  const { digest, size } = source;
  let opened = 0;
  const open = (start: number): AsyncIterable<Uint8Array> => {
    opened += 1;
    return noting(source.open(start), (error) => { unreadable = error; });
  };
  const blob: UploadBlob = { digest, size, open };
  const journal = blob.size < WORTH_NOTING ? undefined : options.journal;
  const earlier = await earlierUpload(session, endpoint, reference, blob, { ...options, journal });
  if (earlier && options.location) void cancelUpload(session, endpoint, reference, options.location, AbortSignal.timeout(CANCEL_TIMEOUT));
  let location = earlier?.location ?? options.location;
  let offset = earlier?.offset ?? 0;
  let resuming = earlier !== undefined;
  let sent = blob.size - offset;
  let doubted = false;
  for (let attempt = 1; ; attempt += 1) {
    // It is tried several times already, as nothing is sent twice by it.
    location ??= await openUpload(session, endpoint, reference, options.signal);
    journal?.note(reference, blob.digest, location.href);
    opened = 0;
    try {
      if (offset > 0 && offset < blob.size) {
        location = await sendRest(session, endpoint, reference, blob, { ...options, location, offset });
        journal?.note(reference, blob.digest, location.href);
      }
      await closeUpload(session, endpoint, reference, blob, { ...options, location, offset });
      journal?.drop(reference, blob.digest);
      return { sent };
    } catch (error) {
      options.signal?.throwIfAborted();
      // Where the bytes come from they were asked for as often as is worth it.
      if (unreadable !== undefined) throw unreadable;
      // The registry may not know yet that the process before us is gone, and still be taking what it had sent.
      const unsettled = resuming && isRefusedWith(error, [409, 416]);
      // It may also refuse that upload, or what it said to have of this one, for reasons of its own; then a new one is what there would have been without it.
      const stale = isFault(error, "REGISTRY_REFUSED") && (resuming ? !(unsettled && attempt < 4) : offset > 0 && !isPassing(error));
      // A token that ended on the way had the bytes sent twice, and the registry may have kept some of the first time.
      const twice: boolean = opened > 1 && !doubted && (isFault(error, "REGISTRY_REFUSED") || isFault(error, "REGISTRY_UNAUTHORIZED"));
      doubted ||= twice;
      const anew = stale || (twice && isFault(error, "REGISTRY_REFUSED") && !isPassing(error));
      const wait = anew || twice ? 0 : unsettled || isPassing(error) ? retryDelay(attempt, session.policy, session.clock, retryAfter(error)) : undefined;
      if (wait === undefined) throw error;
      await session.clock.sleep(wait, options.signal);
      // The answer may have been lost after everything had arrived.
      if (await headBlob(session, endpoint, reference, blob.digest, { push: true, size: blob.size, ...(options.signal ? { signal: options.signal } : {}) })) {
        journal?.drop(reference, blob.digest);
        return { sent };
      }
      const left = location && !anew ? await leftOf(session, endpoint, reference, blob, { location, signal: options.signal }) : undefined;
      location = left?.location;
      offset = left?.offset ?? 0;
      resuming &&= offset > 0;
      sent = resuming ? blob.size - offset : blob.size;
    }
  }
}

/** The upload of that blob that a killed push left, and how far it had come. */
async function earlierUpload(
  session: Session, endpoint: Endpoint, reference: Reference, blob: UploadBlob, { journal, signal }: { journal: UploadJournal | undefined; signal?: AbortSignal },
): Promise<{ location: URL; offset: number } | undefined> {
  const noted = journal?.take(reference, blob.digest);
  return noted === undefined || !URL.canParse(noted) ? undefined : leftOf(session, endpoint, reference, blob, { location: new URL(noted), signal });
}

/** What the registry has of the blob in an upload; undefined where it says to have more than the blob: then it is another's. */
async function leftOf(
  session: Session, endpoint: Endpoint, reference: Reference, { size }: UploadBlob, { location, signal }: { location: URL; signal: AbortSignal | undefined },
): Promise<{ location: URL; offset: number } | undefined> {
  const left = await uploadState(session, endpoint, reference, location, signal);
  return left && left.offset <= size ? left : undefined;
}

/** Tells of an error of the source, which must not be taken for one of the registry that it goes to. */
async function* noting(source: AsyncIterable<Uint8Array>, onError: (error: unknown) => void): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* source;
  } catch (error) {
    onError(error);
    throw error;
  }
}

/** Seconds that the registry asks to wait. */
function retryAfter(error: unknown): string | undefined {
  if (!isFault(error, "REGISTRY_LIMIT") && !isFault(error, "REGISTRY_SERVER_ERROR") && !isFault(error, "REGISTRY_REFUSED")) return undefined;
  const { retryAfterSeconds } = error.details as { retryAfterSeconds?: number };
  return retryAfterSeconds === undefined ? undefined : String(retryAfterSeconds);
}

function isRefusedWith(error: unknown, statuses: readonly number[]): boolean {
  return isFault(error, "REGISTRY_REFUSED") && statuses.includes((error.details as { status: number }).status);
}

function isPassing(error: unknown): boolean {
  if (!isFault(error)) return false;
  if (error.code === "REGISTRY_REFUSED" || error.code === "REGISTRY_SERVER_ERROR") {
    const { status } = error.details as { status: number };
    // 416: the registry has another offset in mind than we have.
    return status === 416 || isRetryableStatus(status);
  }
  return ["REGISTRY_UNREACHABLE", "REGISTRY_TIMEOUT", "REGISTRY_LIMIT", "UPLOAD_LOST"].includes(error.code);
}
