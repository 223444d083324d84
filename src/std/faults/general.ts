import { spec } from "../fault-spec.ts";

/** Name and password of a URL, whatever is in them; digests have an `@`, too. */
const LOGIN = /(\/\/)[^]*@(?!sha(?:256|512):)/;

/** Faults that belong to no station. */
export const generalFaults = {
  USAGE: spec<{ problem: string; hint?: string }>({
    when: "A command was called with flags or arguments that do not fit.",
    exit: 2,
    message: ({ problem }) => problem,
    hint: ({ hint }) => hint,
  }),
  NOT_SUPPORTED: spec<{ feature: string; hint?: string }>({
    when: "Something that Docker's tools know, and this version of Sampan does not do yet, was asked for.",
    exit: 1,
    message: ({ feature }) => `${feature} is not supported by this version of Sampan`,
    hint: ({ hint }) => hint,
  }),
  INTERRUPTED: spec<{ signal: string }>({
    when: "Ctrl-C or SIGTERM stopped the work; children were stopped and unfinished work was removed.",
    exit: 130,
    message: ({ signal }) => `interrupted by ${signal}`,
  }),
  DISK_FULL: spec<{ path: string }>({
    when: "The file system that is being written to has no space left.",
    exit: 1,
    message: ({ path }) => `no space left on the device that holds ${path}`,
    hint: ({ path }) => path.endsWith("/sampan.db")
      // What was set aside for such a disk is gone.
      ? "the store's database has no room to note anything: `sampan rmi`, `sampan builder prune` and `sampan system prune -a` delete some of what they free first, where there is enough of it; else delete 1 MB of other files on that disk before"
      : "free some space (`sampan rmi` in the store, `sampan registry gc` in a registry), or name a folder on a larger disk (SAMPAN_ROOT, --root); then run the command again: finished work was kept",
  }),
  READ_ONLY: spec<{ path: string }>({
    when: "A path that has to be written to is on a read-only file system or belongs to someone else.",
    exit: 1,
    message: ({ path }) => `${path} cannot be written to`,
    hint: () => "name a folder that this user may write to: SAMPAN_ROOT says where the store is, --root where a registry is",
  }),
  REFERENCE_INVALID: spec<{ reference: string; problem: string }>({
    when: "An image reference does not follow the grammar `[host[:port]/]name[:tag][@digest]`.",
    exit: 1,
    message: ({ reference, problem }) => `invalid reference ${JSON.stringify(reference?.replace(LOGIN, "$1xxxxx@"))}: ${problem}`,
    hint: ({ reference = "" }) => {
      const bare = /^https?:\/\/(.+)$/i.exec(reference.replace(LOGIN, "$1"))?.[1];
      return bare === undefined ? "a reference looks like registry.example.com/team/app:1.2.0; names are lower case" : `a reference has no scheme: ${bare}; --insecure allows plain HTTP`;
    },
  }),
  PLATFORM_INVALID: spec<{ platform: string }>({
    when: "A platform is not of the form `os/architecture[/variant]`.",
    exit: 1,
    message: ({ platform }) => `invalid platform ${JSON.stringify(platform)}`,
    hint: () => "a platform looks like linux/amd64 or linux/arm64/v8",
  }),
  DOCUMENT_INVALID: spec<{ what: string; problem: string }>({
    when: "A manifest, index, image config or record is not what its media type promises.",
    exit: 1,
    message: ({ what, problem }) => `${what} is not valid: ${problem}`,
    hint: () => "get the image again from where it came from; if it stays so, it has to be made anew",
  }),
} as const;
