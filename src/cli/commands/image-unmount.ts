import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const imageUnmountCommand = command({
  name: "image unmount",
  summary: "Take a mounted image away again",
  description: "Unmounts an image wherever it is mounted, or one folder.",
  usage: "[OPTIONS] IMAGE | DIR...",
  flags: flagTable({
    all: { kind: "switch", short: "a", help: "Everything that is mounted" },
    force: { kind: "switch", short: "f", help: "Also what somebody still uses: it goes when that ends" },
  }),
  examples: [{ title: "By image", line: "sampan image unmount app:1.0" }],
  positionals: { min: 0, max: Infinity },
  async run({ flags, positionals, io }) {
    const { refuseRootlessMount } = await import("../images/rootless-mount.ts");
    refuseRootlessMount();
    const [{ unmountImage }, { idsOf }, { fault }, { resolve }] = await Promise.all([
      import("../images/mount-image.ts"), import("../../store/image-record.ts"), import("../../std/fault.ts"), import("node:path"),
    ]);
    if (flags.all === positionals.length > 0) throw fault("USAGE", { problem: "'sampan image unmount' needs an image, a folder, or --all" });
    return withStore(async (store) => {
      const mounts = store.mounts.list();
      const words = flags.all ? mounts.map(({ path }) => path) : positionals;
      return forEach(words, io, (word) => {
        const here = mounts.find(({ path }) => path === resolve(io.cwd, word));
        const paths = here === undefined ? idsOf(store.images.target(word)).flatMap((id) => store.mounts.of(id)) : [here.path];
        if (paths.length === 0) throw fault("FILE_PROBLEM", { path: word, problem: "the image is not mounted" });
        for (const path of paths) {
          unmountImage(store, path, { force: flags.force });
          io.stdout.write(`${path}\n`);
        }
      });
    });
  },
});
