import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";

export const registryMigrateCommand = command({
  name: "registry migrate",
  summary: "Move a registry into PostgreSQL or a bucket, or back",
  description:
    "Copies all of a registry, with users' tokens, times, trash and the log of changes, to where --to-config says: records into a PostgreSQL database or " +
    "`registry.db` of the folder TARGET, blobs into a bucket or that folder. Without --to-config everything goes into the folder. The source stays as " +
    "it is. Every blob is compared with its digest, the records are read back and compared; until then the new place cannot be served. A " +
    "call that was interrupted is given again: it copies what is missing. TARGET, database and bucket have to be empty at first.\n\n" +
    "Blobs may be copied while the server runs (--blobs-only); then stop it and give the command once more for the rest.",
  usage: "[OPTIONS] TARGET",
  flags: flagTable({
    root: { kind: "text", value: "DIR", help: "Folder of the registry as it is; by default `registry` in the store" },
    config: { kind: "text", short: "c", value: "FILE", help: "Configuration of the registry as it is" },
    "to-config": { kind: "text", value: "FILE", help: "Configuration of the registry as it is to be (`storage`, `metadata`)" },
    "blobs-only": { kind: "switch", help: "Copy blobs only; the next call does the rest" },
    online: { kind: "switch", help: "Copy the records although a server runs: what is pushed from then on is not in the copy" },
    copy: { kind: "switch", help: "Copy blobs even from one folder to another one on the same file system" },
    quiet: { kind: "switch", short: "q", help: "Show problems only" },
  }),
  examples: [
    { title: "From one folder to PostgreSQL and a bucket", line: "sampan registry migrate --root /srv/registry --to-config replicas.yaml /var/lib/sampan-registry" },
    { title: "A copy of that in one folder", line: "sampan registry migrate --root /var/lib/sampan-registry --config replicas.yaml --online /backup/registry" },
  ],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ counted }, { migrateRegistry }, { readConfig, readConfigFile }, { humanSize }, { storeRoot }, { bucketOf }, { recordsOf }, { archiveOf }] = await Promise.all([
      import("../../std/counted.ts"), import("../../server/storage/upkeep/migrate-registry.ts"), import("../../server/config/read-config.ts"), import("../../std/human-size.ts"), import("../../store/store-root.ts"),
      import("../registry/bucket-of.ts"), import("../registry/records-of.ts"), import("../../server/audit/archive-events.ts"),
    ]);
    const placeOf = (root: string, file: string | undefined) => {
      const { storage, metadata, audit } = file === undefined ? readConfig("", "") : readConfigFile(file);
      return { root, archive: archiveOf(audit, { root, configFile: file ?? "" }).folder, bucket: bucketOf(storage, file, io), records: recordsOf(metadata, file) };
    };
    const from = placeOf(flags.root ?? `${storeRoot(io.env)}/registry`, flags.config);
    const to = placeOf(positionals[0]!, flags["to-config"]);
    let [blobs, bytes, shown] = [0, 0, Date.now()];
    const { copied, present, records, bytes: copiedBytes } = await migrateRegistry(from, to, {
      blobsOnly: flags["blobs-only"], online: flags.online, copy: flags.copy, signal,
      onBlob(size, all) {
        [blobs, bytes] = [blobs + 1, bytes + size];
        if (flags.quiet || Date.now() - shown < PROGRESS) return;
        shown = Date.now();
        io.stderr.write(`${blobs} of ${all.blobs} blobs, ${humanSize(bytes)} of ${humanSize(all.bytes)}\n`);
      },
      report: ({ message }) => void io.stderr.write(`warning: ${message}\n`),
    });
    if (flags.quiet) return;
    io.stdout.write(`Copied ${counted(copied, "blob")} (${humanSize(copiedBytes)})${present > 0 ? `; ${present} were there already` : ""}. Each has its digest.\n`);
    if (!records) {
      io.stdout.write(`The records are still to come: stop the server, and give the command without --blobs-only.\n`);
      return;
    }
    const count = (name: string): number => records[name] ?? 0;
    io.stdout.write(
      `Copied the records of ${counted(count("repositories"), "repository", "repositories")}: ${counted(count("tags"), "tag")}, ${counted(count("manifests"), "manifest")}, ${counted(count("blobs"), "blob")}, ` +
      `${counted(count("secrets"), "robot or token", "robots and tokens")}, ${counted(count("trash"), "tag")} in the trash, ${counted(count("events"), "event")}. They were read back, and are the same.\n` +
      `${to.root} can be served${flags["to-config"] === undefined ? "" : ` with ${flags["to-config"]}`}; ${from.root} is as it was.\n`,
    );
  },
});

/** Between two lines that say how far it has come, in milliseconds. */
const PROGRESS = 5000;
