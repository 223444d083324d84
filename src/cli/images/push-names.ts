import { lazyClient, type ClientAccess } from "../../build/lazy-client.ts";
import { choosePush, pushIndexFromStore } from "../../build/push-from-store.ts";
import { pushFromStore } from "../../build/transfer.ts";
import type { Packing } from "../../build/packing.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import type { Platform } from "../../oci/platform.ts";
import { familiarReference, formatReference, formatRepository, parseReference, type Reference } from "../../oci/reference.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { Store } from "../../store/open-store.ts";
import type { ProgressEvent } from "../../std/progress.ts";
import { printError } from "../errors/print-error.ts";
import type { Io } from "../io.ts";
import { transferJson } from "../progress/transfer-json.ts";
import { transferLines } from "../progress/transfer-lines.ts";
import { startClock, summaryText, type TransferSummary } from "../progress/transfer-summary.ts";

export interface PushFlags {
  readonly allTags: boolean;
  /** Asks for each blob, whatever the registry is known to have had. */
  readonly everything: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly packing: Packing | undefined;
  readonly platform: Platform | undefined;
  readonly access: ClientAccess;
  readonly io: Io;
  readonly signal: AbortSignal;
}

/**
 * Pushes names of the store one after the other, with docker's lines: `1.0: digest: sha256:… size: 528`. With several, what
 * is wrong with one is told and the next one is pushed.
 * @returns the exit status
 */
export async function pushNames(store: Store, words: readonly string[], flags: PushFlags): Promise<number> {
  await using client = lazyClient({ ...flags.access, journal: store.uploads });
  let status = 0;
  for (const word of words) {
    try {
      await pushName(store, word, client.get, flags);
    } catch (cause) {
      const error = words.length === 2 && word === words[1] ? withTargetHint(cause, words[0]!, word) : cause;
      if (words.length === 1 || flags.signal.aborted) throw error;
      status = await printError(error, flags.io);
    }
  }
  return status;
}

/** Other tools take a source and a target; where the second of two names is not here, that was probably meant. */
function withTargetHint(error: unknown, source: string, target: string): unknown {
  if (!isFault(error, "IMAGE_NOT_FOUND")) return error;
  const { reference } = error.details as { reference: string };
  return fault("IMAGE_NOT_FOUND", { reference, near: [], hint: `both words are names of images here, each pushed to where it says; for ${source} under another name: \`sampan tag ${source} ${target} && sampan push ${target}\`, or \`sampan copy store:${source} ${target}\`` });
}

async function pushName(store: Store, word: string, client: ReturnType<typeof lazyClient>["get"], flags: PushFlags): Promise<void> {
  const { allTags, everything, quiet, json, packing, io, signal } = flags;
  const reference = parseReference(word);
  const written = parseReference(word, { implicitTag: false });
  if (!quiet && !json) {
    const implicit = !allTags && written.tag === undefined ? `Using default tag: ${reference.tag}\n` : "";
    io.stdout.write(`${implicit}The push refers to repository [${formatRepository(reference)}]\n`);
  }
  const names = allTags ? tagsOf(store, reference) : [formatReference(reference)];
  if (names.length === 0) throw fault("IMAGE_NOT_FOUND", { reference: familiarReference(written), near: [] });
  const recordOwners = insideUserNamespace()?.mapped === "one";
  for (const name of names) {
    const { record, insteadOf } = choosePush(store, store.images.target(name), flags.platform, familiarReference(parseReference(name)));
    const whole = record.index?.digest === record.id;
    if (whole && packing?.force) throw fault("NOT_SUPPORTED", { feature: "--force-compression of an index of several platforms", hint: "its digest would change; choose one with --platform" });
    const seconds = startClock();
    const renderer = quiet ? undefined : json ? transferJson({ stream: io.stdout, errors: io.stderr }) : transferLines("push", { stream: io.stdout, errors: io.stderr, env: io.env });
    try {
      const access = { client, recordOwners, stepId: `push ${name}`, onProgress: (event: ProgressEvent) => renderer?.onEvent(event), signal };
      const pushed = whole
        ? await pushIndexFromStore(store, await client(), record, parseReference(name), access)
        : await pushFromStore(store, await client(), record, parseReference(name), access, { everything, ...(packing ? { packing } : {}) });
      renderer?.close();
      if (quiet) continue;
      const summary: TransferSummary = { reference: name, digest: pushed.digest, bytesSent: pushed.bytesSent, bytesSaved: pushed.bytesSaved, seconds: seconds() };
      if (json) io.stdout.write(`${JSON.stringify(summary)}\n`);
      else {
        io.stdout.write(`${pushed.reference.tag}: digest: ${pushed.digest} size: ${pushed.manifest.size}\n`);
        io.stderr.write(`${summaryText(summary)}\n`);
        if (insteadOf) io.stderr.write(`${PARTIAL}\n${insteadOf} -> ${pushed.digest}\n`);
      }
    } finally {
      renderer?.close();
    }
  }
  if (quiet) io.stdout.write(`${allTags ? formatRepository(reference) : names[0]}\n`);
}

/** Docker's words. */
const PARTIAL = "Info: Not all multiplatform-content is present and only the available single-platform image was pushed";

/** The names of that repository that are here. */
function tagsOf(store: Store, reference: Reference): string[] {
  const repository = formatRepository(reference);
  return store.images.list().flatMap((image) => image.names).filter((name) => formatRepository(parseReference(name)) === repository).sort();
}
