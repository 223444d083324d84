import { parsePlatform } from "../../oci/platform.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { Store } from "../../store/open-store.ts";
import { inspectContainer } from "../containers/inspect-container.ts";
import { forEach } from "../each.ts";
import { inspectView } from "../images/inspect-view.ts";
import { withStore } from "../with-store.ts";
import { remoteRecord } from "./remote-record.ts";
import { withPlace, type RemoteCall } from "./with-place.ts";

/** Words that mean a place elsewhere, not a name of the store. */
const ELSEWHERE = /^(?:docker:\/\/|oci:|oci-archive:|docker-archive:)/;

export interface InspectOptions {
  readonly platform: string | undefined;
  /** `image` or `container`; where not given, a container comes before an image of the same name. */
  readonly type: string | undefined;
  /** Whether to count what a container has written. */
  readonly size: boolean;
  readonly show: (view: Record<string, unknown>) => void;
}

/** Shows what is known of each container, and of each image here or elsewhere. @returns the exit status */
export async function inspectWords(words: readonly string[], options: InspectOptions, call: RemoteCall): Promise<number> {
  const { platform, show } = options;
  const remote = async (word: string): Promise<void> => withPlace(word, call, async (source, location) => {
    const { image, manifestSize } = await remoteRecord(source, location, { platform, signal: call.signal });
    show(inspectView(image, manifestSize));
  });
  if (words.every((word) => ELSEWHERE.test(word))) return forEach(words, call.io, remote);
  return withStore(async (store) => forEach(words, call.io, async (word) => {
    if (ELSEWHERE.test(word)) return remote(word);
    show(containerView(store, word, options) ?? imageView(store, word, options));
  }));
}

function containerView(store: Store, word: string, { type, size }: InspectOptions): Record<string, unknown> | undefined {
  if (type === "image") return undefined;
  try {
    return inspectContainer(store.containers.find(word), store, { size });
  } catch (error) {
    if (type === "container" || !isFault(error, "CONTAINER_NOT_FOUND")) throw error;
    return undefined;
  }
}

/** As docker shows it: what a name leads to, with the config and layers of this machine's platform; or a platform as if it were alone. */
function imageView(store: Store, word: string, { platform, type }: InspectOptions): Record<string, unknown> {
  const image = findImage(store, word, { platform, type });
  const { id, manifest } = platform === undefined ? store.images.target(word) : image;
  return inspectView({ ...image, id, manifest }, manifest && store.blobs.size(manifest.digest));
}

/** @throws IMAGE_NOT_FOUND, or OBJECT_NOT_FOUND where a container was looked for too */
function findImage(store: Store, word: string, { platform, type }: Pick<InspectOptions, "platform" | "type">): ReturnType<Store["images"]["find"]> {
  try {
    return store.images.find(word, platform === undefined ? undefined : parsePlatform(platform));
  } catch (error) {
    throw type === undefined && isFault(error, "IMAGE_NOT_FOUND") ? fault("OBJECT_NOT_FOUND", { name: word, hint: error.hint }) : error;
  }
}
