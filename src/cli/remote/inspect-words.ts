import { fault } from "../../std/fault.ts";
import { forEach } from "../each.ts";
import { inspectView } from "../images/inspect-view.ts";
import { withStore } from "../with-store.ts";
import { remoteRecord } from "./remote-record.ts";
import { withPlace, type RemoteCall } from "./with-place.ts";

/** Words that mean a place elsewhere, not a name of the store. */
const ELSEWHERE = /^(?:docker:\/\/|oci:|oci-archive:|docker-archive:)/;

/** Shows what is known of each image, here or elsewhere. @returns the exit status */
export async function inspectWords(
  words: readonly string[], { platform, show }: { readonly platform: string | undefined; readonly show: (view: Record<string, unknown>) => void }, call: RemoteCall,
): Promise<number> {
  const remote = async (word: string): Promise<void> => withPlace(word, call, async (source, location) => {
    const { image, manifestSize } = await remoteRecord(source, location, { platform, signal: call.signal });
    show(inspectView(image, manifestSize));
  });
  if (words.every((word) => ELSEWHERE.test(word))) return forEach(words, call.io, remote);
  if (platform !== undefined) throw fault("NOT_SUPPORTED", { feature: "--platform for an image of the store", hint: "the store holds one platform of an image; docker://NAME asks the registry" });
  return withStore(async (store) => forEach(words, call.io, async (word) => {
    if (ELSEWHERE.test(word)) return remote(word);
    const image = store.images.find(word);
    show(inspectView(image, image.manifest && store.blobs.size(image.manifest.digest)));
  }));
}
