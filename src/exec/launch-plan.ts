import type { NamespaceKind } from "../linux/namespace.ts";

type Entered = Exclude<NamespaceKind, "mount" | "cgroup">;

/** What is done, one after the other, before a program is run. */
export type LaunchStep =
  /** This process is killed when its parent ends. */
  | { readonly kind: "bind" }
  | { readonly kind: "own"; readonly namespaces: readonly NamespaceKind[]; readonly private: boolean }
  | { readonly kind: "enter"; readonly namespace: Entered; readonly path: string }
  /** A copy goes on, the first to be in another PID namespace, and this process waits for its end. */
  | { readonly kind: "fork"; readonly bound: boolean };

const ENTERED: readonly string[] = ["pid", "ipc", "uts", "net"] satisfies Entered[];
const OWNED: readonly Exclude<NamespaceKind, "cgroup">[] = ["pid", "mount", "ipc", "uts", "net"];

/**
 * What a command line of setpriv, unshare and nsenter does, in the few words of theirs that sandboxes are started with.
 * @returns the steps, and the program that is run in the end with its arguments
 * @throws Error for any other word, as nothing may be left out silently
 */
export function launchPlan(words: readonly string[]): { readonly steps: readonly LaunchStep[]; readonly program: readonly string[] } {
  const steps: LaunchStep[] = [];
  const rest = [...words];
  for (let tool = rest[0] ?? ""; isTool(tool); tool = rest[0] ?? "") {
    rest.shift();
    const options = new Set<string>();
    while (rest[0]?.startsWith("--") && rest[0] !== "--") {
      const option = rest.shift()!;
      options.add(option === "--pdeathsig" || option === "--propagation" ? `${option}=${rest.shift()}` : option);
    }
    if (rest[0] === "--") rest.shift();
    steps.push(...STEPS[tool](options));
    if (options.size > 0) throw new Error(`${tool} ${[...options].join(" ")}: an option that is not known here`);
  }
  return { steps, program: rest };
}

type Tool = "setpriv" | "unshare" | "nsenter";

const isTool = (word: string): word is Tool => Object.hasOwn(STEPS, word);

/** The steps of each program; what it knows of its options it takes away. */
const STEPS: Readonly<Record<Tool, (options: Set<string>) => LaunchStep[]>> = {
  setpriv: (options) => (options.delete("--pdeathsig=KILL") ? [{ kind: "bind" }] : []),
  unshare: (options) => {
    const namespaces = OWNED.filter((kind) => options.delete(`--${kind}`));
    const own = { kind: "own", namespaces, private: options.delete("--propagation=private") } as const;
    const bound = options.delete("--kill-child=KILL");
    return options.delete("--fork") ? [own, { kind: "fork", bound }] : [own];
  },
  nsenter: (options) => {
    const steps: LaunchStep[] = [];
    for (const option of [...options]) {
      const [, kind = "", path = ""] = /^--([a-z]+)=(.+)$/.exec(option) ?? [];
      if (ENTERED.includes(kind) && options.delete(option)) steps.push({ kind: "enter", namespace: kind as Entered, path });
    }
    // No process ever changes its own PID namespace.
    return steps.some((step) => step.kind === "enter" && step.namespace === "pid") ? [...steps, { kind: "fork", bound: false }] : steps;
  },
};
