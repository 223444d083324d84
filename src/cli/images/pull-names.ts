import { lazyClient, type ClientAccess } from "../../build/lazy-client.ts";
import type { PulledPlatforms } from "../../build/pull-index.ts";
import { familiarReference, formatReference, formatRepository, type Reference } from "../../oci/reference.ts";
import type { Store } from "../../store/open-store.ts";
import { printError } from "../errors/print-error.ts";
import type { Io } from "../io.ts";
import { summaryText, type TransferSummary } from "../progress/transfer-summary.ts";
import { pullStatus, pullWithProgress, type PullFlags } from "./pull-with-progress.ts";

export interface PullNamesOptions {
  readonly allTags: boolean;
  readonly platforms: PulledPlatforms;
  readonly access: ClientAccess;
  readonly show: PullFlags["show"];
  readonly io: Io;
  readonly signal: AbortSignal;
}

/**
 * Pulls a reference, or all tags of its repository, with docker's lines. A tag that cannot be pulled is told, and the others
 * are pulled: repositories hold tags of other platforms, and of things that are no images.
 * @returns the exit status
 */
export async function pullNames(store: Store, reference: Reference, options: PullNamesOptions): Promise<number> {
  const { allTags, show, io, signal, platforms } = options;
  await using client = lazyClient(options.access);
  const flags: PullFlags = { client: client.get, platforms, show, out: io.stdout, io, signal };
  const { host, repository } = reference;
  if (!allTags) {
    const { updated, summary } = await pullWithProgress(store, reference, flags);
    finish(formatReference(reference), familiarReference(reference), updated, [summary], options);
    return 0;
  }
  const tags = await (await client.get()).tagList(reference, { signal });
  const summaries: TransferSummary[] = [];
  let anyUpdated = false;
  let status = 0;
  for (const tag of tags) {
    try {
      const { updated, summary } = await pullWithProgress(store, { host, repository, tag }, flags);
      anyUpdated ||= updated;
      summaries.push(summary);
    } catch (error) {
      if (signal.aborted) throw error;
      status = await printError(error, io);
    }
  }
  if (summaries.length > 0) finish(formatRepository(reference), familiarReference({ host, repository }), anyUpdated, summaries, options);
  return status;
}

function finish(full: string, familiar: string, updated: boolean, summaries: readonly TransferSummary[], { show, io }: PullNamesOptions): void {
  if (show === "lines") io.stdout.write(`Status: ${pullStatus(updated)} for ${familiar}\n`);
  if (show !== "json") io.stdout.write(`${full}\n`);
  if (show === "lines") for (const summary of summaries) io.stderr.write(`${summaryText(summary)}\n`);
}
