import { spec } from "../fault-spec.ts";

/** Faults of containers that are kept. */
export const containerFaults = {
  CONTAINER_NOT_FOUND: spec<{ container: string }>({
    when: "No container has that name or id.",
    exit: 1,
    message: ({ container }) => `No such container: ${container}`,
    hint: () => "`sampan ps -a` lists all containers, those that have ended too",
  }),
  CONTAINER_AMBIGUOUS: spec<{ container: string; matches: readonly string[] }>({
    when: "The beginning of a container's id fits several containers.",
    exit: 1,
    message: ({ container, matches }) => `container id ${container} is ambiguous: it fits ${matches.join(", ")}`,
    hint: () => "give more digits of the id, or the container's name",
  }),
  CONTAINER_NAME_TAKEN: spec<{ name: string; id: string }>({
    when: "`--name` or `rename` gives a name that another container has.",
    exit: 1,
    message: ({ name, id }) => `the container name "${name}" is already in use by container ${id.slice(0, 12)}`,
    hint: ({ name }) => `choose another name, or remove that container: \`sampan rm ${name}\``,
  }),
  PORTS_IMPOSSIBLE: spec<{ problem: string }>({
    when: "-p or -P is given where containers cannot have a network of their own.",
    exit: 1,
    message: ({ problem }) => `ports cannot be published: ${problem}`,
    hint: () => "install pasta (`apt install passt`) and let its user open /dev/net/tun; or leave -p away and use `--network host`: the container's ports are then those of the machine",
  }),
  LIMITS_IMPOSSIBLE: spec<{ flag: string; problem: string; hint: string }>({
    when: "A limit of memory, processors or processes is asked for where no cgroup can be made.",
    exit: 1,
    message: ({ flag, problem }) => `${flag} is not possible here: ${problem}`,
    hint: ({ hint }) => hint,
  }),
} as const;
