import { suggest } from "../../dockerfile/suggest.ts";
import { isTag } from "../../oci/reference.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { isFault } from "../../std/fault.ts";
import type { WantedPlatforms } from "../choose-root.ts";
import { parseLocation } from "../location.ts";
import { isDigestTag } from "./named-tags.ts";
import type { SyncEntry } from "./sync-entry.ts";

import type { FilePath } from "../../std/yaml-file.ts";
/** Makes the error for a place of the file. */
export type Invalid = (path: FilePath, problem: string, hint?: string) => Error;

type Fields = Readonly<Record<string, unknown>>;
const SHARED = ["tags", "exclude", "semver", "latest", "platforms", "referrers"] as const;

/** The entries of a file, checked; `defaults` stand for what an entry does not say. */
export async function checkSync(value: unknown, invalid: Invalid): Promise<readonly SyncEntry[]> {
  const file = fieldsOf(value, [], ["defaults", "sync"], invalid);
  const defaults = file["defaults"] === undefined ? {} : fieldsOf(file["defaults"], ["defaults"], SHARED, invalid);
  const list = file["sync"];
  if (!Array.isArray(list) || list.length === 0) throw invalid(["sync"], "it is no list of repositories", "write `sync:` and below it a `- source: …` with a `target: …`");
  // What is wrong with the defaults is said of them.
  const inherited = await checkShared(defaults, ["defaults"], invalid);
  const entries: SyncEntry[] = [];
  for (const [index, item] of list.entries()) entries.push(await checkEntry(item, inherited, ["sync", index], invalid));
  return entries;
}

async function checkEntry(item: unknown, inherited: Shared, path: FilePath, invalid: Invalid): Promise<SyncEntry> {
  const own = fieldsOf(item, path, ["source", "target", ...SHARED], invalid);
  for (const key of ["source", "target"]) if (typeof own[key] !== "string") throw invalid([...path, ...(key in own ? [key] : [])], key in own ? "it is no text" : `${key} is missing`);
  const place = <Result>(key: "source" | "target", read: (word: string) => Result): Result => {
    try {
      return read(own[key] as string);
    } catch (error) {
      if (isFault(error)) throw invalid([...path, key], error.message, error.hint);
      throw error;
    }
  };
  const source = place("source", (word) => repositoryOf(word, (problem, hint) => invalid([...path, "source"], problem, hint)));
  const target = place("target", (word) => targetOf(word, (problem, hint) => invalid([...path, "target"], problem, hint)));
  const shared = await checkShared(own, path, invalid);
  return {
    place: `sync[${path[1]}]`, source, target,
    // An entry that says which tags it wants does not want those of the defaults too.
    choice: { ...(shared.choosesTags ? {} : inherited.choice), ...shared.choice },
    platforms: shared.platforms ?? inherited.platforms ?? "all",
    referrers: shared.referrers ?? inherited.referrers ?? false,
  };
}

type Complain = (problem: string, hint?: string) => Error;

function repositoryOf(word: string, complain: Complain): SyncEntry["source"] {
  const location = parseLocation(word);
  if (location.kind !== "registry") throw complain("a source is a repository of a registry", "copy from layouts and archives with `sampan copy`");
  if (/[:@]/.test(word.slice(word.lastIndexOf("/") + 1)) || word.includes("@")) throw complain("it names one image", "name the repository, and its tags in `tags`");
  const { host, repository } = location.reference;
  return { host, repository };
}

function targetOf(word: string, complain: Complain): SyncEntry["target"] {
  const location = parseLocation(word);
  if (location.kind === "registry") return { kind: "registry", reference: repositoryOf(word, complain) };
  if (location.kind !== "oci") throw complain("a target is a repository of a registry, or oci:DIR");
  if (location.tag !== undefined) throw complain("it names one image", "name the folder: tags keep their names");
  return { kind: "oci", path: location.path };
}

interface Shared {
  readonly choice: SyncEntry["choice"];
  readonly choosesTags: boolean;
  readonly platforms?: WantedPlatforms;
  readonly referrers?: boolean;
}

async function checkShared(fields: Fields, path: FilePath, invalid: Invalid): Promise<Shared> {
  const { tags, exclude, semver, latest, platforms, referrers } = fields;
  if (semver !== undefined && (typeof semver !== "string" || !(await import("../tags/tag-version.ts")).isRange(semver))) throw invalid([...path, "semver"], `${JSON.stringify(semver)} is no range of versions`, 'it looks like "^1.27" or ">=3.18 <4"');
  if (latest !== undefined && !(Number.isSafeInteger(latest) && (latest as number) > 0)) throw invalid([...path, "latest"], `${JSON.stringify(latest)} is no number above 0`);
  if (referrers !== undefined && typeof referrers !== "boolean") throw invalid([...path, "referrers"], "it is neither true nor false");
  const choice = {
    ...(tags === undefined ? {} : { tags: tagList(tags, [...path, "tags"], invalid) }),
    ...(exclude === undefined ? {} : { exclude: textList(exclude, [...path, "exclude"], invalid) }),
    ...(semver === undefined ? {} : { semver }),
    ...(latest === undefined ? {} : { latest: latest as number }),
  };
  return {
    choice,
    choosesTags: tags !== undefined || semver !== undefined || latest !== undefined,
    ...(platforms === undefined ? {} : { platforms: platformsOf(platforms, [...path, "platforms"], invalid) }),
    ...(referrers === undefined ? {} : { referrers }),
  };
}

function platformsOf(value: unknown, path: FilePath, invalid: Invalid): WantedPlatforms {
  if (value === "all") return "all";
  return textList(value, path, invalid).map((word, index) => {
    try {
      return parsePlatform(word);
    } catch (error) {
      if (isFault(error, "PLATFORM_INVALID")) throw invalid([...path, ...(Array.isArray(value) ? [index] : [])], error.message, error.hint);
      throw error;
    }
  });
}

/** Patterns, and names of tags as they may be: what can never be found is said. */
function tagList(value: unknown, path: FilePath, invalid: Invalid): readonly string[] {
  const tags = textList(value, path, invalid);
  tags.forEach((tag, index) => {
    const place = Array.isArray(value) ? [...path, index] : path;
    if (!/[*?[\\]/.test(tag) && !isTag(tag)) throw invalid(place, `${JSON.stringify(tag)} is no tag`, "a tag has letters, digits, `.`, `_` and `-`; a pattern has `*`, `?` or `[a-z]` too");
    if (isTag(tag) && isDigestTag(tag)) throw invalid(place, `${tag} belongs to a manifest`, "it comes along with that where `referrers: true` is given");
  });
  return tags;
}

/** A list of texts; one text stands for a list of one. A tag such as 1.20 has to be quoted, or YAML takes it for 1.2. */
function textList(value: unknown, path: FilePath, invalid: Invalid): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw invalid(path, "it is empty", "leave it away, or say what is wanted");
  list.forEach((item, index) => {
    const place = Array.isArray(value) ? [...path, index] : path;
    if (typeof item === "number") throw invalid(place, `${item} is a number here`, `put it in quotes: "${item}"`);
    if (typeof item !== "string" || item === "") throw invalid(place, "it is no text");
  });
  return list as string[];
}

function fieldsOf(value: unknown, path: FilePath, known: readonly string[], invalid: Invalid): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(path, "it is no map", `it may hold ${known.join(", ")}`);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = suggest(key, [...known]);
    throw invalid([...path, key], `${JSON.stringify(key)} means nothing here`, near ? `did you mean ${near}?` : `it may hold ${known.join(", ")}`);
  }
  return value as Fields;
}
