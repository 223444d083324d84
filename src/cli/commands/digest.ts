import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const digestCommand = command({
  name: "digest",
  summary: "Show the digest of an image in a registry, layout or archive",
  description: "Asks for the digest only and reads nothing else where it is a registry. Of an image for several platforms it is that of the index, unless a platform is given.",
  usage: "[OPTIONS] PLACE",
  flags: flagTable({
    platform: { kind: "text", value: "OS/ARCH", help: "The digest of that platform's image" },
    "full-ref": { kind: "switch", help: "Print the name with it: registry.example.com/team/app@sha256:…" },
    ...registryFlags,
  }),
  examples: [{ title: "Pin a base image", line: "sampan digest --full-ref alpine:3.20" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ withPlace }, { findDigest }, { parsePlatform }, { formatRepository }, { fault }] = await Promise.all([
      import("../remote/with-place.ts"), import("../remote/find-digest.ts"), import("../../oci/platform.ts"), import("../../oci/reference.ts"), import("../../std/fault.ts"),
    ]);
    const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
    await withPlace(positionals[0]!, { flags, io, signal }, async (source, location) => {
      if (flags["full-ref"] && location.kind !== "registry") throw fault("USAGE", { problem: "--full-ref is for images of registries" });
      const digest = await findDigest(source, platform, signal);
      io.stdout.write(flags["full-ref"] ? `${formatRepository(source.repository!)}@${digest}\n` : `${digest}\n`);
    });
  },
});
