/** What two builders were given, and what the other one said where it refused. */
export interface Seen {
  readonly dockerfile: string;
  /** As `describeContext` writes it. */
  readonly context: string;
  readonly said: string;
}

/** Differences that random cases meet again and again; docs/compatibility.md has each of them with its reason. */
const KNOWN: readonly ((seen: Seen) => boolean)[] = [
  // --parents through a symbolic link: nothing is copied, without a word.
  ({ dockerfile }) => /--parents.* \/?(?:l|abs)\//.test(dockerfile),
  // --exclude and --parents where a link at the top leads nowhere.
  ({ dockerfile, said }) => /--(?:exclude|parents)/.test(dockerfile) && /: not found$/.test(said),
  // A wildcard without a match: whether the folder in front of it is there depends on what else is copied.
  ({ dockerfile, said }) => /^(?:ONBUILD )?(?:COPY|ADD) .*[*?[]/m.test(dockerfile) && /lstat .*: no such file or directory$/.test(said),
  // A file that is taken back and excluded once more arrives empty.
  ({ context }) => /\.dockerignore: .*!.*\\n[^!]/.test(context),
];

export function isKnown(seen: Seen): boolean {
  return KNOWN.some((holds) => holds(seen));
}
