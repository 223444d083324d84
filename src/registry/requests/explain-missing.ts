import { formatReference, isTag, type Reference } from "../../oci/reference.ts";
import { fault, isFault } from "../../std/fault.ts";
import { repositoryPath, repositoryScope } from "../routes/endpoint.ts";
import type { Places } from "../routes/places.ts";
import { header } from "../transport/transport.ts";
import { nearestTags, newestTags } from "./nearest-tags.ts";
import { nextLink } from "./pages.ts";
import type { Session } from "./session.ts";

/** Tags that are looked through, bytes that are read, milliseconds that are waited: this is for a message only. */
const [MOST_TAGS, LONGEST_LIST, PATIENCE] = [1000, 1024 * 1024, 5000];

/** Tags that programs look for, under which referrers and signatures are listed: often there is none. */
const MADE_OF_DIGEST = /^sha\d+-[0-9a-f]{32,}/;

/**
 * A missing manifest, told better: whether the repository is there, whether its tag is, and which tags are near. Asks the
 * registry once for its tags; whatever goes wrong with that, the error stays as it was.
 */
export async function explainMissing(session: Session, places: Places, reference: Reference, error: unknown, signal?: AbortSignal): Promise<unknown> {
  const { tag } = reference;
  if (!isFault(error, "MANIFEST_UNKNOWN") || tag === undefined || reference.digest !== undefined || MADE_OF_DIGEST.test(tag)) return error;
  const told = error.details as { reference: string; answer?: string };
  // What is missing may be the image of a platform, which an index of that tag names.
  if (told.reference !== formatReference(reference)) return error;
  const better = (more: object): Error => fault("MANIFEST_UNKNOWN", { ...told, ...more }, { cause: error.cause });
  try {
    const patience = AbortSignal.timeout(PATIENCE);
    const { tags, more } = await someTags(session, places, reference, signal ? AbortSignal.any([signal, patience]) : patience);
    if (tags.includes(tag)) return better({ listed: true });
    const near = nearestTags(tag, tags);
    return better({ ...(near.length > 0 ? { near } : { some: newestTags(tags) }), tags: tags.length, more });
  } catch (trouble) {
    return isFault(trouble, "NAME_UNKNOWN") ? better({ repositoryUnknown: true }) : error;
  }
}

async function someTags(session: Session, places: Places, reference: Reference, signal: AbortSignal): Promise<{ tags: string[]; more: boolean }> {
  const endpoint = await places.origin(reference);
  const { answer, bytes } = await session.read({
    endpoint, method: "GET", target: repositoryPath(endpoint, reference, `tags/list?n=${MOST_TAGS}`),
    scopes: [repositoryScope(endpoint, reference.repository, "pull")], accept: [200],
    subject: { kind: "list", name: `tags of ${formatReference(reference)}`, repository: reference.repository }, signal,
  }, LONGEST_LIST);
  const { tags } = JSON.parse(Buffer.from(bytes ?? []).toString("utf8")) as { tags?: unknown };
  const known = Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === "string" && isTag(tag)) : [];
  return { tags: known.slice(0, MOST_TAGS), more: known.length > MOST_TAGS || nextLink(header(answer, "link")) !== undefined };
}
