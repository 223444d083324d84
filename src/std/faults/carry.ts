import { spec } from "../fault-spec.ts";

/** Faults of the carry station: copy, sync and the commands that look into places without unpacking. */
export const carryFaults = {
  CONTENT_MISMATCH: spec<{ place: string; digest: string; received: string }>({
    when: "A blob or manifest of a layout, archive or registry does not have the digest or size that it goes by.",
    exit: 1,
    message: ({ place, digest, received }) => `${place} holds something else as ${digest}: ${received}`,
    hint: () => "nothing of it was kept; the source is damaged or was changed, so get it again from where it came from",
  }),
  COPY_SOURCE: spec<{ problem: string; meant: string; word: string; scheme?: string }>({
    when: "A short name, which means Docker Hub, was given as a source and cannot be had there.",
    exit: 1,
    message: ({ problem }) => problem,
    hint: ({ meant, word, scheme }) => `${word} is taken for ${meant}: ${scheme === undefined ? `an image of this machine's store is store:${word}` : `did you mean ${scheme}:…?`}`,
  }),
  LAYOUT_INVALID: spec<{ path: string; problem: string }>({
    when: "A folder or archive is no OCI layout or image archive, or parts of it are missing.",
    exit: 1,
    message: ({ path, problem }) => `${path} cannot be used as an image layout: ${problem}`,
    hint: () => "a layout comes from `sampan copy … oci:DIR`, `skopeo copy … oci:DIR` or a build with `-o type=oci`",
  }),
  LAYOUT_NAME: spec<{ path: string; wanted?: string; names: readonly string[] }>({
    when: "A layout or archive holds several images and none was chosen, or has none of the name that was given.",
    exit: 1,
    message: ({ path, wanted, names }) =>
      wanted === undefined ? `${path} holds ${names.length > 0 ? "several images" : "no image"}` : `${path} has no image named ${JSON.stringify(wanted)}`,
    hint: ({ path, names }) => (names.length > 0 ? `choose one of ${names.join(", ")}: ${path}:NAME` : "it was made without names: leave the name away"),
  }),
  CARGO_LIMIT: spec<{ reference: string; problem: string }>({
    when: "An index is nested too deeply, or an image has more manifests or blobs than any honest one.",
    exit: 1,
    message: ({ reference, problem }) => `${reference} is refused: ${problem}`,
    hint: () => "copy its images one by one, by platform or by digest, if you trust where it comes from",
  }),
  PLACE_CANNOT_HOLD: spec<{ place: string; what: string; hint: string }>({
    when: "The target of a copy has no form for what should be copied: several platforms, referrers or an artifact that is no image.",
    exit: 1,
    message: ({ place, what }) => `${place} cannot hold ${what}`,
    hint: ({ hint }) => hint,
  }),
  DIGEST_CHANGED: spec<{ target: string; expected: string; digest: string }>({
    when: "The target of a copy names a digest that the image does not have.",
    exit: 1,
    message: ({ target, expected, digest }) => `${target} asks for ${expected} and the image is ${digest}`,
    hint: () => "name a tag instead; with --all an index keeps its digest, with one platform the image has its own",
  }),
  INDEX_INVALID: spec<{ reference: string; problem: string; hint?: string }>({
    when: "An index cannot be made or changed as asked: no such entry, an entry twice, or something that is no image.",
    exit: 1,
    message: ({ reference, problem }) => `the index ${reference}: ${problem}`,
    hint: ({ hint }) => hint,
  }),
  SYNC_FILE_INVALID: spec<{ file: string; place: string; problem: string; hint?: string }>({
    when: "The file of `sampan sync` is not valid; the place in it is named.",
    exit: 1,
    message: ({ file, place, problem }) => `${file}: ${place === "" ? "" : `${place}: `}${problem}`,
    hint: ({ hint }) => hint ?? "docs/guides/copy-and-sync.md shows what the file may say",
  }),
} as const;

