import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const referrersCommand = command({
  name: "referrers",
  summary: "List what refers to an image: signatures, SBOMs, attestations",
  description:
    "By the registry's referrers API or its fallback tag, and by the tags sha256-….sig, .att and .sbom. Of an image for several " +
    "platforms it is what refers to the index, unless a platform is given.\n\nFields of --format: .Digest .ArtifactType .MediaType .Size .Tag .Annotations.",
  usage: "[OPTIONS] PLACE",
  flags: flagTable({
    platform: { kind: "text", value: "OS/ARCH", help: "What refers to that platform's image" },
    "artifact-type": { kind: "text", value: "TYPE", help: "Only referrers of that type" },
    format: { kind: "text", short: "f", value: "TEMPLATE", help: "Write with a Go template, `table TEMPLATE`, or `json`" },
    ...jsonWord,
    ...registryFlags,
  }),
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ withPlace }, { findDigest }, { referrerRows, referrerHeaders }, { formatRows }, { parsePlatform }] = await Promise.all([
      import("../remote/with-place.ts"), import("../remote/find-digest.ts"), import("../remote/referrer-rows.ts"), import("../template/format.ts"), import("../../oci/platform.ts"),
    ]);
    const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
    const found = await withPlace(positionals[0]!, { flags, io, signal }, async (source) => source.referrerList(await findDigest(source, platform, signal), signal));
    const wanted = found.filter(({ artifactType }) => flags["artifact-type"] === undefined || artifactType === flags["artifact-type"]);
    io.stdout.write(formatRows(referrerRows(wanted), { format: flags.format, defaultTable: "{{.Digest}}\\t{{.ArtifactType}}\\t{{.Size}}\\t{{.Tag}}", headers: referrerHeaders }));
  },
});
