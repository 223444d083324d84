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
  CONTAINER_RUNNING: spec<{ container: string; wanted: string }>({
    when: "Something is asked for that a container which runs does not allow.",
    exit: 1,
    message: ({ container, wanted }) => `container ${container} is running: it cannot be ${wanted}`,
    hint: ({ container }) => `stop it first: \`sampan stop ${container}\``,
  }),
  CONTAINER_NOT_RUNNING: spec<{ container: string }>({
    when: "Something is asked for that needs a container which runs.",
    exit: 1,
    message: ({ container }) => `container ${container} is not running`,
    hint: ({ container }) => `\`sampan start ${container}\` runs it again, \`sampan logs ${container}\` shows what it said`,
  }),
  CONTAINER_PAUSED: spec<{ container: string; problem: string }>({
    when: "Something is asked for that a container which stands still does not allow, or one that does not.",
    exit: 1,
    message: ({ container, problem }) => `container ${container} ${problem}`,
    hint: ({ container }) => `\`sampan ps -f name=${container}\` shows how it is; \`sampan unpause\` lets one that is paused go on`,
  }),
  CONTAINER_NOT_STARTED: spec<{ container: string; problem: string }>({
    when: "The process that supervises a container ended before the container's command was there.",
    exit: 1,
    message: ({ container, problem }) => `container ${container} could not be started: ${problem}`,
  }),
  PORT_TAKEN: spec<{ port: string; problem: string }>({
    when: "A port of this machine that -p names cannot be listened at.",
    exit: 1,
    message: ({ port, problem }) => `port ${port} cannot be published: ${problem}`,
    hint: () => "choose another port, or none before the colon (`-p :80`) for one that is free; ports below 1024 are for root, unless net.ipv4.ip_unprivileged_port_start is lowered",
  }),
  PORT_NOT_PUBLISHED: spec<{ port: string; container: string }>({
    when: "`port` asks for a port that the container does not publish.",
    exit: 1,
    message: ({ port, container }) => `no public port '${port}' published for ${container}`,
    hint: ({ container }) => `\`sampan port ${container}\` lists those that are`,
  }),
  PORTS_IMPOSSIBLE: spec<{ problem: string }>({
    when: "-p or -P is given where containers cannot have a network of their own.",
    exit: 1,
    message: ({ problem }) => `ports cannot be published: ${problem}`,
    hint: () => "install pasta (the package passt) and let its user open /dev/net/tun; or leave -p away and use `--network host`: the container's ports are then those of the machine",
  }),
  LIMITS_IMPOSSIBLE: spec<{ flag: string; problem: string; hint: string }>({
    when: "A limit of memory, processors or processes is asked for where no cgroup can be made.",
    exit: 1,
    message: ({ flag, problem }) => `${flag} is not possible here: ${problem}`,
    hint: ({ hint }) => hint,
  }),
} as const;
