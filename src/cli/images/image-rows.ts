import type { ImageRecord } from "../../store/image-store.ts";
import { humanSize } from "../../std/human-size.ts";
import { familiarRepository, parseReference } from "../../oci/reference.ts";
import { goTime, humanDuration } from "./human-time.ts";

/** A line of `sampan images`, with the fields of docker's formatter in the order of its JSON. */
export interface ImageRow extends Readonly<Record<string, string>> {
  readonly Containers: string;
  readonly CreatedAt: string;
  readonly CreatedSince: string;
  readonly Digest: string;
  readonly ID: string;
  readonly Repository: string;
  readonly SharedSize: string;
  readonly Size: string;
  readonly Tag: string;
  readonly UniqueSize: string;
  readonly VirtualSize: string;
}

export const imageHeaders = {
  Containers: "CONTAINERS", CreatedAt: "CREATED AT", CreatedSince: "CREATED", Digest: "DIGEST", ID: "IMAGE ID", Repository: "REPOSITORY",
  SharedSize: "SHARED SIZE", Size: "SIZE", Tag: "TAG", UniqueSize: "UNIQUE SIZE", VirtualSize: "SIZE",
} as const;

export interface ImageRowOptions {
  readonly digests: boolean;
  readonly truncate: boolean;
  readonly now: number;
}

/**
 * The lines of an image, by the rules of docker's formatter: one per tag; with digests one per tag and digest;
 * repositories that only have digests follow with the tag `<none>`; an image without any name is `<none>:<none>`.
 */
export function imageRows(image: ImageRecord, options: ImageRowOptions): ImageRow[] {
  const tags = Map.groupBy(image.names.map((name) => parseReference(name)), familiarRepository);
  const digests = Map.groupBy(image.repoDigests.map((name) => parseReference(name, { implicitTag: false })), familiarRepository);
  const rows: ImageRow[] = [];
  const add = (repository: string, tag: string, digest: string): void => void rows.push(row(image, repository, tag, digest, options));
  for (const [repository, references] of tags) {
    const here = options.digests ? (digests.get(repository) ?? []) : [];
    for (const { tag } of references) {
      if (here.length === 0) add(repository, tag!, "<none>");
      for (const { digest } of here) add(repository, tag!, digest!);
    }
  }
  for (const [repository, references] of digests) {
    if (tags.has(repository)) continue;
    if (options.digests) for (const { digest } of references) add(repository, "<none>", digest!);
    else add(repository, "<none>", "<none>");
  }
  if (rows.length === 0) add("<none>", "<none>", "<none>");
  return rows;
}

function row(image: ImageRecord, repository: string, tag: string, digest: string, { truncate, now }: ImageRowOptions): ImageRow {
  const size = humanSize(image.size, 3);
  const created = createdTime(image.config.created);
  return {
    Containers: "N/A",
    CreatedAt: goTime(created ?? NO_TIME),
    CreatedSince: created === undefined ? "" : `${humanDuration(now - created)} ago`,
    Digest: digest,
    ID: truncate ? shortId(image.id) : image.id,
    Repository: repository,
    SharedSize: "N/A",
    Size: size,
    Tag: tag,
    UniqueSize: "N/A",
    VirtualSize: humanSize(image.size),
  };
}

/** The zero of Go's times, in the year 1: what an image has that does not say when it was made. */
const NO_TIME = -62_135_596_800_000;

function createdTime(written: string | undefined): number | undefined {
  const time = written === undefined ? NaN : Date.parse(written);
  return Number.isNaN(time) || time <= NO_TIME ? undefined : time;
}

/** The first twelve digits of an id. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
