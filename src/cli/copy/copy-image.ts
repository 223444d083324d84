import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { carryImage, type Carried } from "../../carry/carry-image.ts";
import type { WantedPlatforms } from "../../carry/choose-root.ts";
import { formatLocation, type Location } from "../../carry/location.ts";
import { openSink, openSource } from "../../carry/open-place.ts";
import { suggest } from "../../dockerfile/suggest.ts";
import { familiarReference, formatReference } from "../../oci/reference.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { Io } from "../io.ts";
import { transferJson } from "../progress/transfer-json.ts";
import { transferLines } from "../progress/transfer-lines.ts";
import { startClock, summaryText, type TransferSummary } from "../progress/transfer-summary.ts";
import { withSurroundings, type CopyCall } from "./surroundings.ts";

export interface CopyFlags {
  readonly platforms: WantedPlatforms;
  readonly referrers: boolean;
  readonly everything: boolean;
  readonly parallel: number;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly digestFile: string | undefined;
  readonly access: CopyCall["access"];
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** Copies from one place to another, with a line for each blob on standard error and one for the whole on standard output. */
export async function copyImage(from: Location, to: Location, { quiet, json, digestFile, access, io, signal, ...options }: CopyFlags): Promise<void> {
  const seconds = startClock();
  const renderer = quiet ? undefined : json ? transferJson({ stream: io.stdout, errors: io.stderr }) : transferLines("copy", { stream: io.stderr, errors: io.stderr, env: io.env });
  const onProgress: CopyCall["onProgress"] = (event) => renderer?.onEvent(event);
  try {
    const carried = await withSurroundings([from, to], { access, io, onProgress, signal }, async (around) => {
      await using source = await openSource(from, around, signal, to);
      await using sink = await openSink(to, around, signal);
      return await carryImage(source, sink, { ...options, step: `copy ${formatLocation(from)}`, onProgress, signal });
    });
    renderer?.close();
    if (digestFile !== undefined) writeFileSync(resolve(io.cwd, digestFile), carried.digest);
    const summary = { ...summaryOf(carried, formatLocation(to)), seconds: seconds() };
    if (quiet) io.stdout.write(`${carried.digest}\n`);
    else io.stdout.write(json ? `${JSON.stringify({ ...summary, mediaType: carried.mediaType, referrers: carried.referrers })}\n` : `${summaryText(summary)}\n`);
  } catch (error) {
    throw shortName(from, to, error);
  } finally {
    renderer?.close();
  }
}

const SCHEMES = ["oci", "oci-archive", "docker-archive", "store", "docker"];

/** What is not in the store, in an archive or in a folder for want of a word before it, is looked for at Docker Hub. */
function shortName(from: Location, to: Location, error: unknown): unknown {
  // Of a copy to Docker Hub it cannot be told which of the two the trouble is with.
  if (to.kind === "registry" && to.reference.host === "docker.io") return error;
  if (from.kind !== "registry" || !isFault(error) || !/^REGISTRY_|_UNKNOWN$/.test(error.code) || !error.message.includes("docker.io")) return error;
  const word = familiarReference(from.reference);
  if (from.reference.host !== "docker.io" || word.includes("/")) return error;
  const [name] = word.split(":", 1);
  const scheme = name!.length < 4 ? undefined : suggest(name!, SCHEMES);
  return fault("COPY_SOURCE", { problem: error.message, word, meant: formatReference(from.reference), ...(scheme === undefined ? {} : { scheme }) }, { cause: error.cause });
}

function summaryOf({ digest, bytesSent, bytesSaved }: Carried, reference: string): Omit<TransferSummary, "seconds"> {
  return { reference, digest, bytesSent, bytesSaved };
}
