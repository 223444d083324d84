import type { Packing } from "../../build/packing.ts";
import type { Codec } from "../../oci/media-type.ts";
import { fault } from "../../std/fault.ts";

const CODECS: Readonly<Record<string, Codec>> = { gzip: "gzip", zstd: "zstd", none: "none", uncompressed: "none" };
const HIGHEST: Readonly<Record<Codec, number>> = { gzip: 9, zstd: 22, none: 0 };

/**
 * How layers are to be packed, in the words of a command line: `zstd`, `gzip:9`, `none`. Undefined where nothing is said.
 * @param shown what the user wrote it with
 * @throws USAGE, NOT_SUPPORTED
 */
export function readPacking(text: { compression?: string | undefined; level?: string | undefined; force: boolean }, shown: string): Packing | undefined {
  const { compression, force } = text;
  if (compression === undefined && text.level === undefined) return force ? { codec: "gzip", force } : undefined;
  const [name = "", inline] = (compression ?? "gzip").split(":");
  const codec = Object.hasOwn(CODECS, name) ? CODECS[name] : undefined;
  const invalid = (hint: string): Error => fault("USAGE", { problem: `invalid argument ${JSON.stringify(compression ?? text.level)} for ${shown}`, hint });
  if (name === "estargz" || inline === "chunked") {
    throw fault("NOT_SUPPORTED", { feature: `the compression ${compression}`, hint: "the compressions are gzip, zstd and none" });
  }
  if (codec === undefined) throw invalid("it is gzip, zstd or none, with a level where one is wanted: zstd:3");
  const level = inline ?? text.level;
  if (level === undefined) return { codec, ...(force ? { force } : {}) };
  if (codec === "none") throw invalid("what is not compressed has no level");
  if (!/^\d{1,2}$/.test(level) || Number(level) < 1 || Number(level) > HIGHEST[codec]) throw invalid(`the levels of ${codec} go from 1 to ${HIGHEST[codec]}`);
  return { codec, level: Number(level), ...(force ? { force } : {}) };
}
