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
  const known = new Map<string, YamlMap>();
  const working = new Set<string>();
  const extended = (name: string, file: ServiceFile): YamlMap => {
    const here = `${file.file}\0${name}`;
    const before = known.get(here);
    if (before) return before;
    const { extends: parent, ...service } = mapOf(file.services[name]!, `services.${name}`, file.file);
    const made = parent === undefined || !isYamlMap(parent) ? service : layOver(below({ name, here, parent }, file), service);
    known.set(here, made);
    return made;
  };
  const below = ({ name, here, parent }: { name: string; here: string; parent: YamlMap }, file: ServiceFile): YamlMap => {
    const refuse = (problem: string): never => { throw fault("BAKE_COMPOSE", { file: file.file, problem }); };
    const other = typeof parent["service"] === "string" ? parent["service"] : refuse(`services.${name}: extends needs a service`);
    const place = parent["file"] === undefined || parent["file"] === null ? file : open(posix.normalize(String(parent["file"])));
    if (working.has(here)) refuse(`services.${name} extends itself`);
    if (!Object.hasOwn(place.services, other)) refuse(`cannot extend service ${JSON.stringify(name)}: service ${JSON.stringify(other)} not found${place === file ? "" : ` in ${place.file}`}`);
    const cleared = file.cleared.filter(([top, of]) => top === "services" && of === name).map((keys) => keys.slice(2));
    working.add(here);
    const found = extended(other, place);
    working.delete(here);
    return without(found, cleared);
  };
  return Object.fromEntries(Object.keys(from.services).map((name) => [name, extended(name, from)]));
}
