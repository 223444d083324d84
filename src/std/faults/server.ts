import { spec } from "../fault-spec.ts";

/** Faults of the server station. What goes wrong inside one request is an HTTP answer instead (server/registry-error.ts). */
export const serverFaults = {
  SERVER_LISTEN_INVALID: spec<{ listen: string }>({
    when: "The address for the registry server is not `host:port`.",
    exit: 2,
    message: ({ listen }) => `${JSON.stringify(listen)} is not an address to listen on`,
    hint: () => "use host:port, as in 127.0.0.1:5000 or [::1]:5000; port 0 takes a free one",
  }),
  SERVER_LISTEN_FAILED: spec<{ listen: string; reason: string }>({
    when: "The registry server cannot listen on its address: the port is taken, needs rights, or the address is not this machine's.",
    exit: 1,
    message: ({ listen, reason }) => `cannot listen on ${listen}: ${reason}`,
    hint: ({ reason }) =>
      reason === "the port is in use" ? "stop the program that holds the port, or choose another one (port 0 takes a free one)" : "choose an address of this machine and a port from 1024 up",
  }),
  SERVER_WITHOUT_ACCESS_CONTROL: spec<{ listen: string }>({
    when: "The registry server was told to listen on an address that other machines reach, without a configuration that says who may do what.",
    exit: 1,
    message: ({ listen }) => `refusing to serve on ${listen}: anybody who reaches it could push and delete`,
    hint: () => "give it a configuration with an `access` section (--config FILE, docs/guides/registry.md), listen on 127.0.0.1 or [::1], or accept the risk with --anonymous",
  }),
  SERVER_PASSWORDS_OPEN: spec<{ listen: string }>({
    when: "The registry server asks for passwords on an address that other machines reach, and nothing says that its connections are encrypted. It serves all the same.",
    exit: 1,
    message: ({ listen }) => `warning: passwords and tokens reach ${listen} unencrypted: give the configuration \`tls\`, or \`trustedProxies\` or \`externalUrl\` where a proxy encrypts`,
    hint: () => "docs/guides/registry.md shows both ways under HTTPS",
  }),
  SERVER_KEYS_DIFFER: spec<Record<string, never>>({
    when: "The registry server keeps its records in a database and its blobs in a bucket, as several servers do, and makes the keys of its tokens itself. It serves all the same.",
    exit: 1,
    message: () => "warning: other servers of this database and bucket refuse the tokens that this one signs: give all of them the same `token.key`",
    hint: () => "docs/guides/registry-storage.md shows how to make one; a single server needs none",
  }),
  SERVER_CONFIG_UNREADABLE: spec<{ file: string; problem: string }>({
    when: "The configuration of the registry server, or a file that it names, cannot be read.",
    exit: 1,
    message: ({ file, problem }) => `cannot read ${file}: ${problem}`,
    hint: () => "name a file that this user may read; paths in a configuration count from its own folder",
  }),
  SERVER_CONFIG_INVALID: spec<{ file: string; problems: readonly { line: number; place: string; problem: string }[] }>({
    when: "The configuration of the registry server is not valid. All problems are listed with their lines.",
    exit: 1,
    message: ({ file, problems }) => `the configuration is not valid:\n${problems.map(({ line, place, problem }) => `  ${file}:${line}: ${place === "" ? "" : `${place}: `}${problem}`).join("\n")}`,
    hint: () => "docs/registry/configuration.md lists every key; `sampan registry serve --config FILE --check` only checks",
  }),
  RETENTION_PLAN_INVALID: spec<{ file: string; problem: string }>({
    when: "What `retention apply` was given is no plan that `retention plan --json` has written.",
    exit: 1,
    message: ({ file, problem }) => `${file} is no plan: ${problem}`,
    hint: () => "write one with `sampan retention plan --config FILE --json`",
  }),
  RETENTION_NOT_RESTORED: spec<{ name: string; problem: string }>({
    when: "A deleted tag cannot be put back: it is not in the trash any more, or there is a new tag of its name.",
    exit: 1,
    message: ({ name, problem }) => `${name} was not restored: ${problem}`,
    hint: ({ problem }) => (problem === "the tag is there again" ? "pull the old image by its digest, which `sampan retention trash` shows" : "`sampan retention trash` lists what can be restored"),
  }),
  REGISTRY_SECRET_EXISTS: spec<{ kind: "robot" | "token"; name: string }>({
    when: "There is a robot or a personal token of that name already.",
    exit: 1,
    message: ({ kind, name }) => `there is a ${kind} ${name} already`,
    hint: ({ kind }) => `take another name, or remove it with \`sampan registry ${kind} rm\` first`,
  }),
  REGISTRY_SECRET_UNKNOWN: spec<{ kind: "robot" | "token"; name: string }>({
    when: "There is no robot or personal token of that name.",
    exit: 1,
    message: ({ kind, name }) => `there is no ${kind} ${name}`,
    hint: ({ kind }) => `\`sampan registry ${kind} ls\` lists them`,
  }),
  SERVER_UPKEEP_BUSY: spec<{ root: string; pid: number }>({
    when: "Another command collects, checks, copies or imports in the same registry folder; only one of them may at a time.",
    exit: 1,
    message: ({ root, pid }) => `${pid === 0 ? "another process" : `process ${pid}`} looks after ${root} already: it collects, checks, copies or imports`,
    hint: () => "try again when it has ended; the server itself need not be stopped",
  }),
  SERVER_ROOT_BUSY: spec<{ root: string; pid: number }>({
    when: "Another process serves the same registry folder.",
    exit: 1,
    message: ({ root, pid }) => `${root} is served by process ${pid} already`,
    hint: () => "stop that server, or give this one a folder of its own",
  }),
  SERVER_RECORDS_ELSEWHERE: spec<{ root: string }>({
    when: "The records of a registry folder are in a PostgreSQL database, and the command was not told of it, or copies folders only.",
    exit: 1,
    message: ({ root }) => `the records of ${root} are in a PostgreSQL database`,
    hint: () => "name the configuration that says in which one: --config FILE. Backups of such a registry are made with pg_dump, and of its blobs afterwards (docs/guides/registry-storage.md)",
  }),
  SERVER_DATABASE_LOST: spec<{ place: string; problem: string }>({
    when: "The PostgreSQL database of the registry server does not answer: it is down, cannot be reached, or has no connection left. Clients are told to come again (503).",
    exit: 1,
    message: ({ place, problem }) => `the database ${place} does not answer: ${problem}`,
    hint: () => "start it, or correct `metadata.postgres.url`; a server that runs goes on by itself when it is there again",
  }),
  SERVER_DATABASE_REFUSED: spec<{ place: string; problem: string; hint: string }>({
    when: "The PostgreSQL database of the registry server does not let it in: a wrong password, an unknown user or database, a missing right, or no agreement on TLS.",
    exit: 1,
    message: ({ place, problem }) => `the database ${place} lets nobody in like this: ${problem}`,
    hint: ({ hint }) => hint,
  }),
  SERVER_DATABASE_UNUSABLE: spec<{ place: string; problem: string; hint: string }>({
    when: "The PostgreSQL database of the registry server is too old, was written by a newer version, or belongs to another registry than the bytes.",
    exit: 1,
    message: ({ place, problem }) => `cannot keep records in the database ${place}: ${problem}`,
    hint: ({ hint }) => hint,
  }),
  SERVER_ROOT_UNUSABLE: spec<{ root: string; problem: string; hint?: string }>({
    when: "The folder of the registry server cannot be created, read or written, or was written by a newer version.",
    exit: 1,
    message: ({ root, problem }) => `cannot keep a registry in ${root}: ${problem}`,
    hint: ({ hint }) => hint ?? "name a folder that this user may write to",
  }),
  SERVER_COPY_TARGET: spec<{ target: string; problem: string }>({
    when: "A registry cannot be backed up or restored into the folder that was named.",
    exit: 1,
    message: ({ target, problem }) => `cannot copy a registry into ${target}: ${problem}`,
    hint: () => "name an empty or a new folder; --replace brings a folder that holds a registry up to date",
  }),
  SERVER_BACKUP_ELSEWHERE: spec<{ root: string; bucket: string | undefined; database: boolean }>({
    when: "A registry was to be backed up or restored that is not all in its folder: `backup` and `restore` copy folders.",
    exit: 1,
    message: ({ root, bucket, database }) => `the ${database ? "records" : "blobs"} of ${root} are in ${database ? "a PostgreSQL database" : bucket!}${database && bucket !== undefined ? `, and its blobs in ${bucket}` : ""}`,
    hint: () => "backup and restore copy folders: copy this one into a folder with `sampan registry migrate --online --config FILE TARGET`, or take pg_dump first and the bucket's own copies afterwards (docs/guides/registry-storage.md)",
  }),
  SERVER_MIGRATION_TARGET: spec<{ target: string; problem: string }>({
    when: "A registry cannot be moved to the place that was named: there is something already.",
    exit: 1,
    message: ({ target, problem }) => `cannot move a registry to ${target}: ${problem}`,
    hint: () => "name a new folder, and with --to-config a database and a bucket (or a prefix in one) that hold nothing",
  }),
  SERVER_MIGRATION_SERVED: spec<{ root: string }>({
    when: "The records of a registry were to be moved while a server runs on it: what clients push meanwhile would be missing in the new place.",
    exit: 1,
    message: ({ root }) => `a server runs on ${root}; the blobs are copied, and the records are not`,
    hint: () => "stop it and give the command again, which copies only what is missing; --online copies the records as they are at this moment",
  }),
  SERVER_MIGRATION_DAMAGED: spec<{ root: string; blobs: readonly { digest: string; problem: string }[] }>({
    when: "Some blobs of a registry that is to be moved have lost their bytes or have others. All the other blobs are copied, and the move is not finished.",
    exit: 1,
    message: ({ root, blobs }) => `${blobs.length} blob${blobs.length === 1 ? "" : "s"} of ${root} cannot be copied: ${blobs.slice(0, 5).map(({ digest, problem }) => `${digest} ${problem}`).join(", ")}${blobs.length > 5 ? ", …" : ""}`,
    hint: () => "push their images again, or take the blobs from their repositories with `sampan registry check --repair`; then give the command again",
  }),
  SERVER_MIGRATION_DIFFERS: spec<{ table: string; wanted: number; found: number }>({
    when: "The records of a registry that was moved, read back from the new place, are not those of the old one: somebody else writes there.",
    exit: 1,
    message: ({ table, wanted, found }) => `the ${table.replaceAll("_", " ")} in the new place are not those of the old one (${wanted} there, ${found} here)`,
    hint: () => "see that nobody else uses the new place, and give the command again",
  }),
  SERVER_MIGRATION_UNFINISHED: spec<{ root: string }>({
    when: "A place was to be served, or looked after, that `registry migrate` has not finished to fill.",
    exit: 1,
    message: ({ root }) => `a registry is on its way to ${root}, and is not whole`,
    hint: () => "give `sampan registry migrate` again: it copies what is missing",
  }),
  REPLICATION_RULE_UNKNOWN: spec<{ word: string; names: readonly string[] }>({
    when: "There is no replication rule of that number or name in the configuration.",
    exit: 2,
    message: ({ word }) => `there is no replication rule ${JSON.stringify(word)}`,
    hint: ({ names }) => (names.length === 0 ? "the configuration has no section `replication`: name it with --config FILE" : `name one of ${names.map((name, index) => `${index + 1} (${name})`).join(", ")}`),
  }),
  REPLICATION_NOT_SERVED: spec<{ root: string }>({
    when: "A replication rule was to be run, and no server with rules runs on the registry.",
    exit: 1,
    message: ({ root }) => `no server replicates ${root}`,
    hint: () => "start `sampan registry serve` with the configuration that has the rule; it compares everything when it starts",
  }),
  SERVER_IMPORT_INVALID: spec<{ folder: string }>({
    when: "The folder to be imported is not the root directory of docker-registry's filesystem driver.",
    exit: 1,
    message: ({ folder }) => `${folder} holds no registry that can be imported: there is no docker/registry/v2/repositories in it`,
    hint: () => "name the `rootdirectory` of docker-registry's configuration, /var/lib/registry as a rule",
  }),
} as const;
