import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const buildHistoryInspectAttachmentCommand = command({
  name: "build history inspect attachment",
  summary: "Print a document that a past build has made",
  description:
    "Prints a manifest, an index, a config or a statement as it was made, of those that `sampan build history inspect` lists. Without a digest it is the " +
    "first one of the type and platform.\n\n" +
    "Types: index, manifest, image (the config), provenance, sbom, or a media type or predicate as it is listed.",
  usage: "[OPTIONS] [REF [DIGEST]]",
  flags: flagTable({
    type: { kind: "text", value: "TYPE", help: "Of this type" },
    platform: { kind: "text", value: "PLATFORM", help: "Of the result for this platform" },
    builder: { kind: "text", help: "", refused: "only builds on this machine are recorded here" },
  }),
  examples: [
    { title: "The provenance of the last build", line: "sampan build history inspect attachment --type provenance" },
    { title: "What was pushed for one platform", line: "sampan build history inspect attachment --type manifest --platform linux/arm64" },
  ],
  positionals: { min: 0, max: 2 },
  async run({ flags, positionals: [ref, digest], io }) {
    const [{ findBuild }, { findAttachment }] = await Promise.all([import("../history/find-build.ts"), import("../history/attachments.ts")]);
    const bytes = await withStore(async (store) => findAttachment(findBuild(store.builds.list(), ref), store, { digest, type: flags.type, platform: flags.platform }));
    io.stdout.write(bytes);
  },
});
