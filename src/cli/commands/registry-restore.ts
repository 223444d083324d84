import { command } from "../command.ts";
import { copyRegistryFolder } from "../registry/copy-registry-folder.ts";
import { flagTable } from "../flags/flag.ts";

export const registryRestoreCommand = command({
  name: "registry restore",
  summary: "Make a registry's folder from a backup",
  description:
    "Copies a folder that `registry backup` has written to where a registry is to be served. The backup stays as it is. No server may run on " +
    "the target; --replace puts the backup's records in the place of those that are there.",
  usage: "[OPTIONS] BACKUP",
  flags: flagTable({
    root: { kind: "text", value: "DIR", help: "Folder to be made; by default `registry` in the store" },
    copy: { kind: "switch", help: "Copy blobs even on the same file system" },
    replace: { kind: "switch", help: "Replace the registry that is in the folder" },
  }),
  examples: [{ title: "On a new machine", line: "sampan registry restore --root /srv/registry /backup/registry" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const { storeRoot } = await import("../../store/store-root.ts");
    await copyRegistryFolder({ from: positionals[0]!, to: flags.root ?? `${storeRoot(io.env)}/registry`, copy: flags.copy, replace: flags.replace, io, signal });
  },
});
