import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const imageMountCommand = command({
  name: "image mount",
  summary: "Show the file system of an image in a folder",
  description:
    "Mounts an image read-only, at a folder that exists or at one of the store's own, and prints where. The mount stays until `sampan image unmount` " +
    "or a restart of the machine; the image cannot be removed meanwhile. Without an image it lists what is mounted. It needs root: the mounts of " +
    "an ordinary user would end with the process that made them.",
  usage: "[OPTIONS] [IMAGE [DIR]]",
  flags: flagTable({
    platform: { kind: "text", value: "OS/ARCH", help: "Platform of an index; by default the machine's own" },
    all: { kind: "switch", short: "a", help: "", refused: "name the images, one by one" },
  }),
  examples: [{ title: "Look into an image", line: "ls $(sampan image mount app:1.0)" }],
  positionals: { min: 0, max: 2 },
  async run({ flags, positionals, io, signal }) {
    const [image, folder] = positionals;
    const { refuseRootlessMount } = await import("../images/rootless-mount.ts");
    refuseRootlessMount();
    const [{ mountImage }, { shortId }, { parsePlatform }] = await Promise.all([
      import("../images/mount-image.ts"), import("../images/image-rows.ts"), import("../../oci/platform.ts"),
    ]);
    const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
    await withStore(async (store) => {
      if (image !== undefined) return void io.stdout.write(`${await mountImage(store, store.images.find(image, platform), folder, { cwd: io.cwd, signal })}\n`);
      for (const mount of store.mounts.list()) io.stdout.write(`${shortId(mount.image)}  ${mount.path}\n`);
    });
  },
});
