import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const cpCommand = command({
  name: "cp",
  summary: "Copy files out of a container that does not run",
  description:
    "Copies a file or folder of a container to the host, by the rules of `docker cp`: into a folder that exists, else under the name of the " +
    "destination; a source that ends in `/.` means what is in the folder. `-` writes a tar archive to standard output. Symlinks of the " +
    "container are copied as they are and never lead out of it. What lies on -v and --tmpfs is not seen.",
  usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH | -",
  flags: flagTable({
    archive: { kind: "switch", short: "a", help: "Keep owners; without it everything belongs to the caller" },
    "follow-link": { kind: "switch", short: "L", help: "Copy what a symlink in SRC_PATH leads to" },
    quiet: { kind: "switch", short: "q", help: "Accepted for Docker's sake: nothing is printed" },
  }),
  examples: [
    { title: "A report that a test run has left", line: "sampan cp tests:/src/report.xml ." },
    { title: "Out of a container that runs", line: "sampan exec web tar -C /var/log -c . | tar -x" },
  ],
  positionals: { min: 2, max: 2 },
  async run({ flags, positionals, io, signal }) {
    const { copyFromContainer } = await import("../containers/copy-from-container.ts");
    const [from = "", to = ""] = positionals;
    await withStore((store) => copyFromContainer(store, from, to, { owners: flags.archive, follow: flags["follow-link"], io, signal }));
  },
});
