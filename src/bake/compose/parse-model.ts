import { isMap, isPair, isScalar, isSeq, parseAllDocuments, visit, type Document, type Node, type Pair } from "yaml";
import { fault } from "../../std/fault.ts";
import { interpolate } from "./interpolate.ts";
import { isYamlMap, mapOf, type Yaml, type YamlMap } from "./yaml-map.ts";

export interface ComposeFile {
  readonly name: string;
  readonly text: string;
}

/** One document of a compose file, as far as builds go, with variables filled in. */
export interface ComposeModel {
  /** `services`, `secrets` and `include`. */
  readonly content: YamlMap;
  /** What `!reset` and `!override` take out of files below, as keys from the top. */
  readonly cleared: readonly (readonly string[])[];
}

const PARTS: readonly string[] = ["image", "build", "environment", "env_file", "extends"];

/** @throws BAKE_SYNTAX, BAKE_COMPOSE */
export function parseModels({ name, text }: ComposeFile, lookup: (name: string) => string | undefined): ComposeModel[] {
  const documents = parseAllDocuments(text, { merge: true, prettyErrors: true, logLevel: "error" });
  return ("empty" in documents ? [] : documents).map((document) => {
    if (document.errors[0]) throw fault("BAKE_SYNTAX", { file: name, problem: document.errors[0].message });
    const cleared = takeTags(document);
    // The limit stops documents that are small and grow by aliases.
    let json: unknown;
    try {
      json = document.toJS({ maxAliasCount: 1000 });
    } catch (error) {
      throw fault("BAKE_SYNTAX", { file: name, problem: (error as Error).message });
    }
    return { content: relevantParts(mapOf((json ?? {}) as Yaml, "the file", name), name, lookup), cleared };
  });
}

/** Takes nodes with `!reset` out of a document, and says where they and those with `!override` are. */
function takeTags(document: Document): string[][] {
  const cleared: string[][] = [];
  visit(document, {
    Pair(_, pair, path) {
      const tag = (pair.value as Node | null)?.tag;
      if (tag !== "!reset" && tag !== "!override") return undefined;
      cleared.push([...path.flatMap((node) => (isPair(node) ? [keyOf(node)] : [])), keyOf(pair)]);
      return tag === "!reset" ? visit.REMOVE : plain(pair);
    },
  });
  return cleared;
}

/** A node without its tag, which would keep a list from being read as one. */
function plain(pair: Pair): symbol {
  const value = pair.value;
  if (isMap(value) || isSeq(value) || isScalar(value)) delete value.tag;
  return visit.SKIP;
}

function keyOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key);
}

function relevantParts({ services, secrets, include }: YamlMap, file: string, lookup: (name: string) => string | undefined): YamlMap {
  const parts = {
    ...(services === undefined ? {} : { services: serviceParts(services, file) }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(include === undefined || include === null ? {} : { include }),
  };
  return fill(parts, (value) => {
    try {
      return interpolate(value, lookup);
    } catch (error) {
      throw fault("BAKE_COMPOSE", { file, problem: (error as Error).message });
    }
  }) as YamlMap;
}

function serviceParts(services: Yaml, file: string): YamlMap {
  return Object.fromEntries(Object.entries(mapOf(services ?? {}, "services", file)).map(([name, service]) => {
    const parts = Object.entries(mapOf(service ?? {}, `services.${name}`, file)).filter(([key]) => PARTS.includes(key));
    return [name, Object.fromEntries(parts)];
  }));
}

function fill(value: Yaml, change: (text: string) => string): Yaml {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return (value as readonly Yaml[]).map((item) => fill(item, change));
  if (!isYamlMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, change)]));
}
