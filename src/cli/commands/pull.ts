import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryAccess, registryFlags } from "../flags/registry-flags.ts";
import { withStore } from "../with-store.ts";

export const pullCommand = command({
  name: "pull",
  summary: "Download an image from a registry",
  description:
    "Downloads the image of the platform asked for, with all its layers, and checks every digest. Credentials come from " +
    "docker's config.json; mirrors from SAMPAN_REGISTRY_MIRRORS.",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  flags: flagTable({
    platform: { kind: "text", value: "OS/ARCH", help: "Platform to choose; by default the machine's own" },
    quiet: { kind: "switch", short: "q", help: "Print the full name only" },
    "all-tags": { kind: "switch", short: "a", help: "", refused: "pull the tags one by one" },
    "disable-content-trust": { kind: "switch", help: "Accepted for Docker's sake" },
    ...registryFlags,
  }),
  examples: [{ title: "An image of Docker Hub", line: "sampan pull alpine:3.20" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ familiarReference, formatReference, parseReference }, { hostPlatform, parsePlatform }, { pullWithProgress }] = await Promise.all([
      import("../../oci/reference.ts"), import("../../oci/platform.ts"), import("../images/pull-with-progress.ts"),
    ]);
    const reference = parseReference(positionals[0]!);
    const platform = flags.platform === undefined ? hostPlatform(process.arch) : parsePlatform(flags.platform);
    const implicit = parseReference(positionals[0]!, { implicitTag: false });
    if (!flags.quiet && implicit.tag === undefined && implicit.digest === undefined) io.stdout.write("Using default tag: latest\n");
    await withStore(async (store) => {
      const access = await registryAccess(flags, [reference.host], { io, signal });
      const { status } = await pullWithProgress(store, reference, { platform, access, quiet: flags.quiet, out: io.stdout, io, signal });
      if (!flags.quiet) io.stdout.write(`Status: ${status} for ${familiarReference(reference)}\n`);
      io.stdout.write(`${formatReference(reference)}\n`);
    });
  },
});
