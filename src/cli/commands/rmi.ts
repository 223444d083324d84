import type { Store } from "../../store/open-store.ts";
import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const rmiCommand = command({
  name: "rmi",
  summary: "Remove images",
  description:
    "A name goes, and with the last name the image. What no image and no build needs any more is deleted from the disk. Of an index of " +
    "several platforms --platform removes some: it keeps its digest, and `sampan pull --platform` brings them back.",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  flags: flagTable({
    force: { kind: "switch", short: "f", help: "Remove an image that has several names by its id; do not mind images that are not there" },
    "no-prune": { kind: "switch", help: "Accepted for Docker's sake" },
    platform: { kind: "list", value: "OS/ARCH", help: "Remove only this platform of an index; may be given several times" },
  }),
  examples: [{ title: "Remove a name, and the image with it if it has no other", line: "sampan rmi app:1.0" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io }) {
    const [{ removeImage }, { removePlatforms }, { parsePlatform }, { isFault }] = await Promise.all([
      import("../images/remove-image.ts"), import("../images/remove-platforms.ts"), import("../../oci/platform.ts"), import("../../std/fault.ts"),
    ]);
    const platforms = flags.platform.flatMap((words) => words.split(",")).map((word) => parsePlatform(word));
    let deleted = false;
    const status = await withStore(async (store) =>
      forEach(positionals, io, async (text) => {
        const remove = (): readonly string[] => (platforms.length > 0 ? removePlatforms(store, text, platforms, flags.force) : removeImage(store, text, flags.force));
        try {
          for (const line of await withRoom(store, remove, isFault)) {
            deleted ||= line.startsWith("Deleted:");
            io.stdout.write(`${line}\n`);
          }
        } catch (error) {
          if (!flags.force || !isFault(error, "IMAGE_NOT_FOUND")) throw error;
        }
      }));
    // What a process looked up is held until it closes the store, so the collection takes a fresh one.
    if (deleted) await withStore((store) => store.collect());
    return status;
  },
});

/** On a full disk nothing can be noted before something has gone, so there the image and what it alone needed go at once. */
async function withRoom(store: Store, remove: () => readonly string[], isFault: typeof import("../../std/fault.ts").isFault): Promise<readonly string[]> {
  try {
    return remove();
  } catch (error) {
    if (!isFault(error, "DISK_FULL")) throw error;
    let lines: readonly string[] = [];
    await store.collect({ first: () => { lines = remove(); } });
    return lines;
  }
}
