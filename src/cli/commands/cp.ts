import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const cpCommand = command({
  name: "cp",
  summary: "Copy files out of a container or into it",
  description:
    "Copies a file or folder between a container and the host, whether it runs or not, by the rules of `docker cp`: into a folder that exists, " +
    "else under the name of the destination; a source that ends in `/.` means what is in the folder. `-` writes a tar archive to standard " +
    "output, or reads one from standard input into a folder of the container. Symlinks of the container never lead out of it.\n\n" +
    "What is copied belongs to the caller on the host, and to root in a container.",
  usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|- or SRC_PATH|- CONTAINER:DEST_PATH",
  flags: flagTable({
    archive: { kind: "switch", short: "a", help: "Keep owners" },
    "follow-link": { kind: "switch", short: "L", help: "Copy what a symlink in SRC_PATH leads to" },
    quiet: { kind: "switch", short: "q", help: "Accepted for Docker's sake: nothing is printed" },
  }),
  examples: [
    { title: "A report that a test run has left", line: "sampan cp tests:/src/report.xml ." },
    { title: "A configuration for a server that runs", line: "sampan cp nginx.conf web:/etc/nginx/" },
    { title: "A folder as an archive", line: "sampan cp web:/var/log - | gzip > logs.tar.gz" },
  ],
  positionals: { min: 2, max: 2 },
  async run({ flags, positionals, io, signal }) {
    const [{ copyDirection, copyFiles }, { enterBeside }, { storeRoot }] = await Promise.all([
      import("../containers/copy-files.ts"), import("../../container/enter-beside.ts"), import("../../store/store-root.ts"),
    ]);
    const [from = "", to = ""] = positionals;
    enterBeside(storeRoot(io.env), copyDirection(from, to).container);
    await withStore((store) => copyFiles(store, from, to, { owners: flags.archive, follow: flags["follow-link"], io, signal }));
  },
});
