import type { Digest } from "../../oci/digest.ts";
import type { Reference } from "../../oci/reference.ts";
import type { Endpoint } from "../routes/endpoint.ts";
import { header } from "../transport/transport.ts";
import type { Session } from "./session.ts";
import { WORTH_NOTING } from "./upload-journal.ts";
import { cancelUpload, CANCEL_TIMEOUT, closeUpload, locationOf, openUpload, sendBytes, type UploadOptions } from "./upload-requests.ts";

/** A blob that is sent while it is made. */
export interface StreamedBlob {
  /** The bytes from the beginning on, as they come; may be called again. */
  open(): AsyncIterable<Uint8Array>;
  /** Known when all bytes have come. */
  readonly whole: Promise<{ readonly digest: Digest; readonly size: number }>;
}

/**
 * Sends a blob whose digest and size are not known yet: POST, one PATCH with all its bytes as they come, PUT with the
 * digest. It is tried once; whoever still has the bytes can send them by `uploadBlob` then, which goes on with this
 * upload where there is a journal.
 * @param options.needless is aborted when the registry turns out to have the blob
 * @throws REGISTRY_…, NAME_UNKNOWN, RESPONSE_INVALID, what `open` and `whole` reject with
 */
export async function streamBlobUp(
  session: Session, endpoint: Endpoint, reference: Reference, blob: StreamedBlob, options: Omit<UploadOptions, "location"> & { readonly needless?: AbortSignal },
): Promise<void> {
  const signals = [options.signal, options.needless].filter((signal) => signal !== undefined);
  const signal = AbortSignal.any(signals);
  let location = await openUpload(session, endpoint, reference, signal);
  let noted: Digest | undefined;
  let over = false;
  const note = ({ digest, size }: { digest: Digest; size: number }): void => {
    if (over || !options.journal || size < WORTH_NOTING) return;
    options.journal.note(reference, digest, location.href);
    noted = digest;
  };
  // Only from then on another process could know what it is that was sent.
  blob.whole.then(note, () => undefined);
  try {
    const answer = await sendBytes(session, endpoint, reference, () => blob.open(), { ...options, signal, method: "PATCH", target: location, start: 0, accept: [201, 202, 204], headers: {} });
    if (header(answer, "location") !== undefined) location = locationOf(answer, endpoint, "PATCH", reference);
    const whole = await blob.whole;
    note(whole);
    await closeUpload(session, endpoint, reference, { ...whole, open: nothing }, { ...options, signal, location, offset: whole.size });
    if (noted) options.journal!.drop(reference, noted);
  } catch (error) {
    if (noted && !options.needless?.aborted) throw error;
    if (noted) options.journal!.drop(reference, noted);
    // Without the caller's signal, which may be what ended it; nobody waits long for a registry that is in trouble.
    void cancelUpload(session, endpoint, reference, location, AbortSignal.timeout(CANCEL_TIMEOUT)).catch(() => undefined);
    throw error;
  } finally {
    over = true;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
