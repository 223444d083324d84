import { formatPlatform, parsePlatform, type Platform } from "../oci/platform.ts";
import { fault } from "../std/fault.ts";

/** Where an annotation is written: into a manifest or index, or into the descriptor that names it. */
export type AnnotationPlace = "manifest" | "index" | "manifest-descriptor" | "index-descriptor";
const PLACES: readonly string[] = ["manifest", "index", "manifest-descriptor", "index-descriptor"];

export interface Annotation {
  readonly place: AnnotationPlace;
  /** For the image of that platform only. */
  readonly platform?: Platform;
  readonly key: string;
  readonly value: string;
}

/**
 * Reads `[PLACE[PLATFORM][,PLACE…]:]KEY=VALUE` as buildx does; without a place it is the manifest.
 * @throws ANNOTATION_INVALID
 */
export function parseAnnotation(text: string): Annotation[] {
  const equals = text.indexOf("=");
  const invalid = (problem: string): Error => fault("ANNOTATION_INVALID", { annotation: text, problem });
  if (equals < 1) throw invalid("expected key=value");
  const colon = text.lastIndexOf(":", equals);
  const value = text.slice(equals + 1);
  const prefixed = colon >= 0 && /^(?:[a-z-]+(?:\[[A-Za-z0-9_/.-]+\])?)(?:,[a-z-]+(?:\[[A-Za-z0-9_/.-]+\])?)*$/.test(text.slice(0, colon));
  const key = text.slice(prefixed ? colon + 1 : 0, equals);
  if (key === "") throw invalid("the key is empty");
  return (prefixed ? text.slice(0, colon).split(",") : ["manifest"]).map((word) => {
    const [, place = "", platform] = /^([a-z-]+)(?:\[(.+)\])?$/.exec(word)!;
    if (!PLACES.includes(place)) throw invalid(`unknown annotation type ${JSON.stringify(place)}`);
    if (platform !== undefined && !place.startsWith("manifest")) throw invalid(`${place} annotations cannot have a platform`);
    return { place: place as AnnotationPlace, ...(platform === undefined ? {} : { platform: parsePlatform(platform) }), key, value };
  });
}

/** Reads the attribute of an output, `annotation[-PLACE][[PLATFORM]].KEY`; undefined for another attribute. @throws PLATFORM_INVALID */
export function annotationAttribute(name: string, value: string): Annotation | undefined {
  const [, place = "manifest", platform, key] = /^annotation(?:-(manifest|index|manifest-descriptor|index-descriptor))?(?:\[([^\]]+)\])?\.(.+)$/s.exec(name) ?? [];
  if (key === undefined) return undefined;
  // An index is for all platforms: BuildKit takes such an annotation, and writes it.
  return { place: place as AnnotationPlace, ...(platform === undefined || !place.startsWith("manifest") ? {} : { platform: parsePlatform(platform) }), key, value };
}

/** The annotations of an output; those with a platform go before those without. */
export class Annotations {
  readonly #all: readonly Annotation[];

  constructor(all: readonly Annotation[]) {
    this.#all = all;
  }

  /** Whether an index has to be there to carry them. */
  get needIndex(): boolean {
    return this.#all.some(({ place }) => place.startsWith("index"));
  }

  /** Sorted by their keys, as Go writes maps. */
  of(place: AnnotationPlace, platform?: Platform): Record<string, string> {
    const mine = this.#all.filter((each) => each.place === place);
    const own = mine.filter((each) => each.platform && platform && formatPlatform(each.platform) === formatPlatform(platform));
    const pairs = [...mine.filter((each) => each.platform === undefined), ...own].map(({ key, value }) => [key, value] as const);
    return Object.fromEntries(Object.entries(Object.fromEntries(pairs)).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  }
}
