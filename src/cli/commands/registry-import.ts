import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryImportCommand = command({
  name: "registry import",
  summary: "Take over the folder of a docker-registry",
  description:
    "Reads the root directory of docker-registry's filesystem driver and makes its repositories, manifests and tags those of a registry " +
    "here, with the times of their pushes. Blobs get a second name (hard link) on the same file system, and are copied otherwise. Nothing in FOLDER " +
    "changes. It can be repeated, also beside the running server, until clients have moved: tags that were pushed there later than here are moved. " +
    "FOLDER may be the folder of --root itself.",
  usage: "[OPTIONS] FOLDER",
  flags: flagTable({
    ...registryFlags,
    copy: { kind: "switch", help: "Copy blobs even on the same file system" },
    quiet: { kind: "switch", short: "q", help: "Show problems and the result only" },
  }),
  examples: [{ title: "From Debian's docker-registry", line: "sampan registry import --root /srv/registry /var/lib/docker-registry" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const { makeRegistryFolder } = await import("../../server/storage/open-folder-storage.ts");
    const { openBeside } = await import("../../server/storage/upkeep/open-beside.ts");
    const { checkDistribution, importDistribution } = await import("../../server/storage/upkeep/import-distribution.ts");
    const { defaultSettings } = await import("../../server/terms/settings.ts");
    const { storeRoot } = await import("../../store/store-root.ts");
    const root = flags.root ?? `${storeRoot(io.env)}/registry`;
    const { counted } = await import("../../std/counted.ts");
    const report = ({ message }: Error): void => void io.stderr.write(`warning: ${message}\n`);
    const { readConfig, readConfigFile } = await import("../../server/config/read-config.ts");
    const { recordsOf } = await import("../registry/records-of.ts");
    const { metadata } = flags.config === undefined ? readConfig("", "") : readConfigFile(flags.config);
    const records = recordsOf(metadata, flags.config);
    checkDistribution(positionals[0]!);
    await makeRegistryFolder(root, { records, report });
    await using target = await openBeside(root, { lease: defaultSettings.blobLease, records, report });
    const { repositories, manifests, tags, blobs } = await importDistribution(target, positionals[0]!, {
      copy: flags.copy,
      signal,
      report,
      onRepository: (name) => void (flags.quiet || io.stdout.write(`${name}\n`)),
    });
    io.stdout.write(`Imported ${counted(repositories, "repository", "repositories")}: ${counted(tags, "tag")}, ${counted(manifests, "manifest")}, ${counted(blobs, "blob")}.\n`);
  },
});
