import { command } from "../command.ts";
import { copyRegistryFolder } from "../registry/copy-registry-folder.ts";
import { flagTable } from "../flags/flag.ts";

export const registryBackupCommand = command({
  name: "registry backup",
  summary: "Copy a registry's folder into another one, beside its running server",
  description:
    "Writes the records as they are at one moment, and the blobs that they name. The target is a registry folder itself, which " +
    "`registry restore` copies back and `registry serve` can serve. Blobs are further names of the same files (hard links) on the same file " +
    "system, and copies otherwise. A second backup into the same folder, with --replace, copies only what is new; until it is whole, " +
    "the first one stays.",
  usage: "[OPTIONS] TARGET",
  flags: flagTable({
    root: { kind: "text", value: "DIR", help: "Folder of the registry's content; by default `registry` in the store" },
    copy: { kind: "switch", help: "Copy blobs even on the same file system" },
    replace: { kind: "switch", help: "Bring an earlier backup in TARGET up to date" },
  }),
  examples: [{ title: "Every night", line: "sampan registry backup --root /srv/registry --replace /backup/registry" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const { storeRoot } = await import("../../store/store-root.ts");
    await copyRegistryFolder({ from: flags.root ?? `${storeRoot(io.env)}/registry`, to: positionals[0]!, copy: flags.copy, replace: flags.replace, io, signal });
  },
});
