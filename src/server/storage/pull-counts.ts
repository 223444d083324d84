import type { Digest } from "../../oci/digest.ts";

/** How long pulls are counted in memory before they are written, in milliseconds. */
const INTERVAL = 5000;
/** Written earlier when so many different ones came together. */
const MOST = 5000;

export interface Pulled {
  readonly repository: string;
  readonly digest: Digest;
  readonly tags: Set<string>;
  count: number;
}

/** Counts pulls in memory and has them added up in the database from time to time. */
export function createPullCounts(write: (pulled: readonly Pulled[]) => Promise<void>, report: (problem: Error) => void): AsyncDisposable & {
  note(repository: string, pulled: { readonly digest: Digest; readonly tag?: string | undefined }): void;
} {
  let pulls = new Map<string, Pulled>();
  let timer: NodeJS.Timeout | undefined;

  const writeAll = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const counted = pulls;
    pulls = new Map();
    if (counted.size > 0) await write([...counted.values()]);
  };
  const writeSoon = (): void => void writeAll().catch(report);

  return {
    note(repository, { digest, tag }) {
      const key = `${repository}@${digest}`;
      let pulled = pulls.get(key);
      if (!pulled) pulls.set(key, (pulled = { repository, digest, tags: new Set(), count: 0 }));
      pulled.count += 1;
      if (tag !== undefined) pulled.tags.add(tag);
      if (pulls.size > MOST) writeSoon();
      else timer ??= setTimeout(writeSoon, INTERVAL).unref();
    },
    [Symbol.asyncDispose]: writeAll,
  };
}
