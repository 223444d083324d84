import { spec } from "../fault-spec.ts";

/** Faults of what a build gets from elsewhere: URLs, git repositories and named contexts. No address in them holds a login. */
export const fetchFaults = {
  FETCH_STATUS: spec<{ url: string; status: number }>({
    when: "The server of a URL that a build needs answers with another status than 200.",
    exit: 1,
    message: ({ url, status }) => `${url}: invalid response status ${status}`,
    hint: ({ status }) => status === 401 || status === 403
      ? "the server wants a login: give it as --secret id=HTTP_AUTH_TOKEN_<host>,env=NAME or id=HTTP_AUTH_HEADER_<host>"
      : status === 404 ? "check the address; a redirect has been followed already" : "try again later, or get the file from another place",
  }),
  FETCH_FAILED: spec<{ url: string; reason: string }>({
    when: "A URL that a build needs cannot be reached, or the connection ended too early.",
    exit: 1,
    message: ({ url, reason }) => `${url} cannot be fetched: ${reason}`,
    hint: () => "check the address and the network; proxies are taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the one who builds",
  }),
  FETCH_REFUSED: spec<{ url: string; problem: string }>({
    when: "A URL that a build needs cannot be asked for, or leads to an address that must not be followed.",
    exit: 1,
    message: ({ url, problem }) => `${url} is not fetched: ${problem}`,
    hint: () => "name the address that it leads to in the end, if you trust it",
  }),
  FETCH_TOO_LARGE: spec<{ url: string; limit: number }>({
    when: "A download is larger than any file that a layer may hold.",
    exit: 1,
    message: ({ url, limit }) => `${url} is larger than ${limit} bytes`,
    hint: () => "check that this is the address that was meant",
  }),
  CHECKSUM_INVALID: spec<{ problem: string }>({
    when: "--checksum of ADD is no digest, or stands where nothing can be checked by it.",
    exit: 1,
    message: ({ problem }) => problem,
    hint: () => "for a URL write --checksum=sha256:<64 hexadecimal digits>, for a git repository the commit id",
  }),
  CHECKSUM_MISMATCH: spec<{ url: string; found: string; wanted: string }>({
    when: "What was downloaded has not the digest that --checksum of ADD says.",
    exit: 1,
    message: ({ found, wanted }) => `digest mismatch ${found}: ${wanted}`,
    hint: ({ url }) => `${url} gives another file than the one that was meant: look into it before you change --checksum`,
  }),
  GIT_URL_INVALID: spec<{ problem: string }>({
    when: "The address of a git repository, its query or its fragment is wrong or contradicts itself.",
    exit: 1,
    message: ({ problem }) => problem,
    hint: () => "write https://host/path.git#ref:subdir or https://host/path.git?ref=…&subdir=…&checksum=…",
  }),
  GIT_MISSING: spec<Record<string, never>>({
    when: "A git repository is needed, and the program git is not on this machine.",
    exit: 1,
    message: () => "git repositories are fetched with the program git, which is not on this machine",
    hint: () => "install it (Debian, Ubuntu: `apt install git`; Alpine: `apk add git`)",
  }),
  GIT_REF_MISSING: spec<{ remote: string; ref: string }>({
    when: "A git repository has no branch, tag or commit of that name.",
    exit: 1,
    message: ({ ref }) => `repository does not contain ref ${ref}`,
    hint: ({ remote }) => `git ls-remote ${remote} shows what is there; a commit has to be named by its whole id`,
  }),
  GIT_CHECKSUM_MISMATCH: spec<{ wanted: string; found: string }>({
    when: "The ref of a git repository is another commit than the one that the checksum says.",
    exit: 1,
    message: ({ wanted, found }) => `expected checksum to match ${wanted}, got ${found}`,
    hint: () => "somebody moved the branch or tag: look into it before you change the checksum",
  }),
  GIT_SUBDIR_INVALID: spec<{ subdir: string; problem: string }>({
    when: "The folder of a git repository that is meant is not there, or is no folder.",
    exit: 1,
    message: ({ subdir, problem }) => `invalid subdir ${subdir}: ${problem}`,
    hint: () => "the folder behind the colon, or after subdir=, is one of the repository, and no part of it is a symbolic link",
  }),
  GIT_FAILED: spec<{ remote: string; doing: string; said: string }>({
    when: "git could not do what was asked of it.",
    exit: 1,
    message: ({ remote, doing, said }) => `error ${doing} for repository ${remote}: ${said === "" ? "git said nothing" : said}`,
    hint: ({ said }) => /terminal prompts disabled|Authentication failed|could not read Username/i.test(said)
      ? "the repository wants a login: give it as --secret id=GIT_AUTH_TOKEN,env=NAME; for the definition of `bake`, in the variable BUILDX_BAKE_GIT_AUTH_TOKEN"
      : "check the address, the network and your right to read the repository",
  }),
  GIT_SSH_REFUSED: spec<{ remote: string }>({
    when: "A Dockerfile wants a git repository by SSH, and the build was not given an SSH key.",
    exit: 1,
    message: ({ remote }) => `no SSH key was given to the build, which ${remote} needs`,
    hint: () => "a Dockerfile does not get your keys by itself: add --ssh default, or use an https address",
  }),
  NAMED_CONTEXT_INVALID: spec<{ problem: string; hint?: string }>({
    when: "--build-context names nothing that can be one.",
    exit: 2,
    message: ({ problem }) => problem,
    hint: ({ hint }) => hint ?? "write --build-context NAME=FOLDER, or docker-image://…, oci-layout://…, https://…, a git URL or target:STAGE behind the =",
  }),
  SOURCE_DATE_EPOCH_INVALID: spec<{ value: string }>({
    when: "SOURCE_DATE_EPOCH is neither a number of seconds, nor `context`, nor the name of a stage or named context.",
    exit: 1,
    message: ({ value }) => `invalid SOURCE_DATE_EPOCH: ${value}`,
    hint: () => "give whole seconds since 1970, `context` for the time of a context from elsewhere, or the name of a stage that is one ADD of a URL or repository",
  }),
  SOURCE_DATE_EPOCH_STAGE: spec<{ problem: string }>({
    when: "SOURCE_DATE_EPOCH names a stage that is more than one ADD of a URL or repository upon `scratch`.",
    exit: 1,
    message: ({ problem }) => `SOURCE_DATE_EPOCH stage ${problem}`,
    hint: () => "the time is that of what the stage adds: `FROM scratch AS when` and one `ADD https://…`, beside ARG",
  }),
} as const;
