import type { Digest } from "../../oci/digest.ts";

interface Arrival {
  readonly repository: string;
  /** Whether the blob is there; pending while it is sent. */
  readonly there: Promise<boolean>;
}

/** Blobs that this process has sent to registries, or is sending: other repositories of the same host can take them from there. */
export class Arrivals {
  readonly #arrivals = new Map<string, Arrival>();

  /** Notes a blob that is being sent. */
  async sending(host: string, repository: string, digest: Digest, send: () => Promise<void>): Promise<void> {
    const sent = send();
    const arrival = { repository, there: sent.then(() => true, () => false) };
    const key = `${host} ${digest}`;
    this.#arrivals.set(key, arrival);
    if (!(await arrival.there) && this.#arrivals.get(key) === arrival) this.#arrivals.delete(key);
    await sent;
  }

  /** Another repository of the host that has the blob; where it is on its way to one, that is waited for. @throws the signal's reason */
  async elsewhere(host: string, repository: string, digest: Digest, signal: AbortSignal): Promise<string | undefined> {
    const arrival = this.#arrivals.get(`${host} ${digest}`);
    if (arrival === undefined || arrival.repository === repository) return undefined;
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      signal.throwIfAborted();
      return (await Promise.race([arrival.there, aborted.promise])) ? arrival.repository : undefined;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}
