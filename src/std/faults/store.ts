import { spec } from "../fault-spec.ts";

/** Faults of the store station. */
export const storeFaults = {
  STORE_CORRUPT: spec<{ path: string; problem: string }>({
    when: "The store's database cannot be read: it was damaged or overwritten by something else.",
    exit: 1,
    message: ({ path, problem }) => `the store's database ${path} is damaged: ${problem}`,
    hint: () =>
      "`sampan store check --repair` puts it aside and makes a new one of what can be read of it and of the images that are found among the blobs; or put a copy of yours in its place",
  }),
  STORE_RECORDS_LOST: spec<{ root: string; path: string; what: "database" | "log" }>({
    when: "The store's database, or SQLite's log with its newest part, was removed by something else, while blobs or layer folders are there.",
    exit: 1,
    message: ({ root, path, what }) =>
      what === "database" ? `the store's database ${path} is gone or empty, while images and layers lie in ${root}`
      : `the log of the store's database, ${path}, is gone, and with it what was last noted there`,
    hint: ({ root, what }) =>
      `nothing was changed: put it back if you have it; else \`sampan store check --repair\` takes up ${what === "database" ? "the images" : "images"} that the blobs in it tell of, without their names; ` +
      `or move ${root} away to begin with an empty store`,
  }),
  STORE_BUSY: spec<{ path: string }>({
    when: "Another process kept the store's database locked for longer than the busy timeout.",
    exit: 1,
    message: ({ path }) => `the store's database ${path} is locked by another process`,
    hint: () => "wait until the other sampan has finished, or set SAMPAN_ROOT to a folder of your own",
  }),
  STORE_NEWER: spec<{ path: string; found: number; known: number }>({
    when: "The store was written by a newer version of Sampan.",
    exit: 1,
    message: ({ path, found, known }) => `the store ${path} has format ${found}, this version of Sampan knows formats up to ${known}`,
    hint: () => "use the newer sampan, or set SAMPAN_ROOT to another folder",
  }),
  STORE_CLOSED: spec<{ path: string }>({
    when: "A store was used after it had been closed.",
    exit: 1,
    message: ({ path }) => `the store ${path} was used after it had been closed`,
    hint: () => "close a store only when everything that uses it has ended",
  }),
  BUILD_NOT_FOUND: spec<{ build: string; problem: string }>({
    when: "A past build was asked for that is not recorded.",
    exit: 1,
    message: ({ build, problem }) => `build ${JSON.stringify(build)} was not found: ${problem}`,
    hint: () => "`sampan build history ls` lists what is recorded",
  }),
  ATTACHMENT_NOT_FOUND: spec<{ build: string; kept: number }>({
    when: "A document of a past build was asked for that is not kept.",
    exit: 1,
    message: ({ build, kept }) => `no matching attachment found for ref "${build}", ${kept === 0 ? "which has none" : `of ${kept}`}`,
    hint: () => "`sampan build history inspect` lists what is kept: manifests of what was pushed or archived, configs, and statements of `--provenance` and `--sbom`",
  }),
  BLOB_MISSING: spec<{ digest: string }>({
    when: "A blob that is needed is not in the store.",
    exit: 1,
    message: ({ digest }) => `blob ${digest} is not in the store`,
    hint: () => "pull, load or build the image that needs it again",
  }),
  BLOB_MISMATCH: spec<{ expected: string; actual: string }>({
    when: "The bytes that arrived for a blob do not have the promised digest or size.",
    exit: 1,
    message: ({ expected, actual }) => `the content does not match what was promised: expected ${expected}, got ${actual}`,
    hint: () => "nothing was kept of it; the source is damaged or was changed on its way, so fetch it again",
  }),
  BLOB_TOO_LARGE: spec<{ digest: string; size: number; limit: number }>({
    when: "A blob that is read into memory, such as a config, is larger than allowed.",
    exit: 1,
    message: ({ digest, size, limit }) => `blob ${digest} has ${size} bytes, at most ${limit} are read`,
    hint: () => "no tool makes documents of that size: get the image from a source that you trust",
  }),
  SNAPSHOT_MISSING: spec<{ id: string }>({
    when: "A snapshot that is needed is not in the store.",
    exit: 1,
    message: ({ id }) => `snapshot ${id} is not in the store`,
    hint: () => "run the build again: what is missing is made anew",
  }),
  IMAGE_NOT_FOUND: spec<{ reference: string; near: readonly string[]; hint?: string }>({
    when: "No image in the store has that name, id or digest.",
    exit: 1,
    message: ({ reference }) => `No such image: ${reference}`,
    hint: ({ reference, near, hint }) =>
      hint !== undefined ? hint
      : reference === "" ? "the name is empty: does a variable have no value?"
      : near.length > 0 ? `did you mean ${near.join(" or ")}?` : `\`sampan images\` lists what is here; \`sampan pull ${reference}\` fetches an image from a registry`,
  }),
  OBJECT_NOT_FOUND: spec<{ name: string; hint: string | undefined }>({
    when: "`inspect` finds neither a container nor an image of that name or id.",
    exit: 1,
    message: ({ name }) => `No such object: ${name}`,
    hint: ({ hint }) => hint,
  }),
  IMAGE_PLATFORM_MISSING: spec<{ reference: string; platform: string; available: readonly string[] }>({
    when: "An image is here, but not for the platform that was asked for.",
    exit: 1,
    message: ({ reference, platform }) => `image with reference ${reference} was found but does not provide the specified platform (${platform})`,
    hint: ({ reference, platform, available }) => `it is here for ${available.join(", ")}; \`sampan pull --platform ${platform} ${reference}\` fetches what its registry has`,
  }),
  INDEX_PARTIAL: spec<{ reference: string; available: readonly string[] }>({
    when: "An index was to go elsewhere as a whole, and some of what it lists is not here.",
    exit: 1,
    message: ({ reference }) => `not all of what the index ${reference} lists is here`,
    hint: ({ reference, available }) =>
      `choose one platform with --platform: ${available.join(", ")}; or fetch the rest with \`sampan pull --all-platforms ${reference}\``,
  }),
  INDEX_EMPTY: spec<{ digest: string }>({
    when: "An index was to be kept of which no image is here, or nothing is left of it.",
    exit: 1,
    message: ({ digest }) => `nothing of the index ${digest} is here: no image that it lists`,
    hint: () => "`sampan store check --repair` removes what is left of it; then pull, load or build it again",
  }),
  SETTING_INVALID: spec<{ source: string; problem: string; hint?: string | undefined }>({
    when: "A setting of the store, in a config file or the environment, has a value that it cannot have, or a name that is not known.",
    exit: 1,
    message: ({ source, problem }) => `${source}: ${problem}`,
    hint: ({ hint }) => hint,
  }),
  IMAGE_AMBIGUOUS: spec<{ reference: string; matches: readonly string[] }>({
    when: "A short image id fits several images.",
    exit: 1,
    message: ({ reference, matches }) => `image id ${reference} is ambiguous: it fits ${matches.join(", ")}`,
    hint: () => "give more digits of the id",
  }),
} as const;
