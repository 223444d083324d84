/** Docker's other spellings of the same commands. */
export const commandAliases: Readonly<Record<string, string>> = {
  "auth login": "login",
  "registry access explain": "access explain",
  "auth logout": "logout",
  "image build": "build",
  "image ls": "images",
  "image list": "images",
  "image inspect": "inspect",
  "image history": "history",
  "image tag": "tag",
  "image rm": "rmi",
  "image remove": "rmi",
  "image push": "push",
  "image pull": "pull",
  "image save": "save",
  "image load": "load",
  "image import": "import",
  "image umount": "image unmount",
  "container run": "run",
  "manifest inspect": "manifest get",
  "container ls": "ps",
  "container list": "ps",
  "container ps": "ps",
  "container logs": "logs",
  "container exec": "exec",
  "container stop": "stop",
  "container kill": "kill",
  "container rm": "rm",
  "container remove": "rm",
  "container wait": "wait",
  "container create": "create",
  "container start": "start",
  "container restart": "restart",
  "container rename": "rename",
  "container port": "port",
  "container cp": "cp",
  "container attach": "attach",
  "container diff": "diff",
  "container export": "export",
  "container pause": "pause",
  "container stats": "stats",
  "container top": "top",
  "container unpause": "unpause",
  "buildx build": "build",
  "buildx bake": "bake",
  "builder bake": "bake",
  "builder build": "build",
  "buildx prune": "builder prune",
};

/** Words that open a group; alone they show what it holds. */
export const commandGroups = [
  "access", "auth", "retention", "registry", "image", "manifest", "index", "blob", "container", "buildx", "builder", "system",
  "store",
] as const;

/** Groups within groups. */
export const commandSubgroups = ["registry robot", "registry token", "registry replication"] as const;

/** Commands that Docker's tools know and this version refuses by name. */
export const laterCommands: ReadonlySet<string> = new Set([
  "commit", "events", "info", "search", "update",
  "compose", "context", "network", "plugin", "volume", "swarm", "service", "stack", "node", "secret", "config",
  "scan", "sign", "verify", "slim", "prune", "engine", "init", "serve",
  "build history open", "build history trace", "build history export", "build history import",
  "manifest create", "manifest annotate", "manifest push", "manifest rm",
  "system info", "system events", "buildx ls", "buildx create", "buildx use", "buildx inspect",
  "buildx du", "buildx imagetools", "container commit", "container update",
]);
