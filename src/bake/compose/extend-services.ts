import { posix } from "node:path";
import { fault } from "../../std/fault.ts";
import { layOver, without } from "./lay-over.ts";
import { isYamlMap, mapOf, type YamlMap } from "./yaml-map.ts";

/** The services of a file, in their own form; of each file that is named once. */
export interface ServiceFile {
  readonly file: string;
  readonly services: YamlMap;
  readonly cleared: readonly (readonly string[])[];
}

/**
 * Services with what they extend: another service of the file or of another one, which lies below.
 * @param open reads another file, as seen from the folder in which bake runs
 * @throws BAKE_COMPOSE for a service that there is not, and for circles
 */
export function extendServices(from: ServiceFile, open: (path: string) => ServiceFile): YamlMap {
  return Object.fromEntries(Object.keys(from.services).map((name) => [name, extended(name, from, open, [])]));
}

function extended(name: string, from: ServiceFile, open: (path: string) => ServiceFile, path: readonly string[]): YamlMap {
  const { extends: parent, ...service } = mapOf(from.services[name]!, `services.${name}`, from.file);
  if (parent === undefined || !isYamlMap(parent)) return service;
  const refuse = (problem: string): never => { throw fault("BAKE_COMPOSE", { file: from.file, problem }); };
  const other = typeof parent["service"] === "string" ? parent["service"] : refuse(`services.${name}: extends needs a service`);
  const file = parent["file"] === undefined || parent["file"] === null ? from : open(posix.normalize(String(parent["file"])));
  const here = `${from.file}\0${name}`;
  if (path.includes(here)) refuse(`services.${name} extends itself`);
  if (!Object.hasOwn(file.services, other)) refuse(`cannot extend service ${JSON.stringify(name)}: service ${JSON.stringify(other)} not found${file === from ? "" : ` in ${file.file}`}`);
  const below = extended(other, file, open, [...path, here]);
  const cleared = from.cleared.filter(([top, of]) => top === "services" && of === name).map((place) => place.slice(2));
  return layOver(without(below, cleared), service);
}
