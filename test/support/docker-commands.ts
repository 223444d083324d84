/** Command lines whose answers docker's client and sampan are compared in, over the images of docker-archive.ts, in this order. */
export const COMMANDS: readonly (readonly string[])[] = [
  ["images"], ["images", "-q"], ["images", "--no-trunc"], ["images", "--digests"], ["images", "-a"], ["images", "app"], ["images", "app:1"], ["images", "none"], ["image", "ls", "registry.test/team/app"],
  ["images", "--format", "{{.Repository}}:{{.Tag}}"], ["images", "--format", "table {{.ID}}\\t{{.Repository}}\\t{{.Size}}"], ["images", "--format", "table"],
  ["images", "--format", "json", "app:1"], ["images", "--format", "{{json .}}", "app:1"], ["images", "--format", "{{.CreatedSince}}|{{.CreatedAt}}|{{.Size}}|{{.Digest}}|{{.Containers}}|{{.SharedSize}}|{{.UniqueSize}}"],
  ["images", "--format", "{{upper .Repository}} {{lower .Tag}} {{title .Repository}} {{join (split .Repository \"/\") \"-\"}} {{println .ID}}{{pad .Tag 1 2}}| {{truncate .ID 4}} {{json .Tag}}"],
  ["images", "--format", "table {{upper .Repository}}\\t{{.Tag}}\\t{{truncate .ID 3}}"], ["images", "--format", "{{.Nope}}"], ["images", "--format", "{{"], ["images", "-q", "--format", "{{.Tag}}"],
  ["images", "-q", "--no-trunc", "app:1"],
  ["images", "-f", "dangling=true"], ["images", "-f", "dangling=false", "-q"], ["images", "-f", "label=stage"], ["images", "-f", "label=stage=test"], ["images", "-f", "label=empty"], ["images", "-f", "label=stage", "-f", "label=empty"],
  ["images", "-f", "before=app:1"], ["images", "-f", "since=base:1"], ["images", "-f", "reference=app"], ["images", "-f", "reference=*:2.0"], ["images", "-f", "reference=*/*/app:*"], ["images", "-f", "reference=app:1", "-f", "reference=base"],
  ["images", "-f", "until=2024-02-01"], ["images", "-f", "until=2024-05-06T07:08:09"], ["images", "-f", "until=1h"], ["images", "-f", "dangling=maybe"], ["images", "-f", "nope=1"], ["images", "-f", "nope"], ["images", "-f", "before=none"],
  ["history", "app:1"], ["history", "--no-trunc", "app:1"], ["history", "-q", "app:1"], ["history", "--human=false", "app:1"], ["history", "--format", "json", "base:1"], ["history", "--format", "{{.ID}}|{{.CreatedBy}}|{{.Comment}}|{{.Size}}", "app:1"], ["history", "none"],
  ["history", "odd/name_with-all.kinds:Tag_1.x"],
  ["inspect", "app:1"], ["image", "inspect", "base:1"], ["inspect", "--format", "{{.Id}} {{.RepoTags}} {{.Created}} {{.Size}} {{.Os}}/{{.Architecture}}", "app:1"], ["inspect", "-f", "{{json .Config}}", "app:1"],
  ["inspect", "-f", "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}", "app:1"], ["inspect", "-f", "{{index .Config.Labels \"com.example.team\"}}{{index .Config.Labels \"none\"}}", "app:1"], ["inspect", "-f", "{{.Config.Healthcheck}} {{.Config.ExposedPorts}} {{.Config.Volumes}}", "app:1"],
  ["inspect", "-f", "{{len .RootFS.Layers}} {{.RootFS.Type}} {{join .Config.Cmd \",\"}}", "app:1"], ["inspect", "-f", "{{.Nope}}", "app:1"], ["inspect", "nowhere"], ["inspect", "-f", "{{.Id}}", "nowhere", "base:1"], ["image", "inspect", "nowhere"], ["inspect", "-f", "json", "base:1"],
  ["tag", "base:1", "other:9"], ["images", "other"], ["tag", "none", "x"], ["tag", "base:1", "UPPER"], ["tag", "base:1", "a@sha256:0000000000000000000000000000000000000000000000000000000000000000"], ["tag", "base:1", "app:1"], ["images", "app"],
  ["rmi", "none"], ["rmi", "other:9"], ["rmi", "-f", "none"], ["rmi", "app:2.0", "none"], ["rmi", "registry.test/team/app:2.0"], ["rmi"], ["tag", "base:1"],
  ["image", "prune", "-f", "--filter", "until=2020-01-01"], ["images", "-q"], ["save", "none"],
];

/**
 * Command lines over containers of the image base:1, in this order; the network is none's, as the daemon of the tests has no other. Their answers are
 * compared without ids and ages. Those with \u2192 in front change something, so that nothing runs beside them.
 */
export const CONTAINER_COMMANDS: readonly (readonly string[])[] = [
  ["→", "create", "--name", "made", "--network", "none", "-l", "com.example.the-team=blue", "base:1", "true"],
  ["→", "run", "--network", "none", "--name", "ended", "-l", "team=red", "-e", "A=b", "base:1", "sh", "-c", "echo out; exit 3"],
  ["→", "run", "-d", "--network", "none", "--name", "runs", "-l", "x=", "base:1", "sleep", "1000"],
  ["ps"], ["ps", "-a"], ["ps", "-a", "--no-trunc"], ["ps", "-s"], ["ps", "-l", "--format", "table"], ["ps", "-n", "1", "--format", "{{.Names}}"], ["ps", "-aq"],
  ["ps", "-a", "--format", "table {{.Names}}\t{{.Image}}\t{{.Command}}\t{{.State}}\t{{.Networks}}\t{{.Labels}}\t{{.Mounts}}\t{{.LocalVolumes}}\t{{.Label \"com.example.the-team\"}}"],
  ["ps", "-a", "--format", "{{.Names}}|{{.Status}}|{{.RunningFor}}|{{.Ports}}|{{.Size}}|{{.Label \"team\"}}|{{upper .State}}|{{json .Labels}}"],
  ["ps", "-a", "--format", "{{.Nope}}"], ["ps", "-a", "--format", "{{.Label}}"],
  ...["status=exited", "exited=3", "name=un", "name=^/runs$", "name=(ma|en)de?d?$", "ancestor=base:1", "label=team=red", "label=team", "before=runs", "since=made", "network=none", "health=none", "is-task=true"]
    .map((filter) => ["ps", "-a", "-f", filter, "--format", "{{.Names}}"]),
  ["ps", "-f", "status=exited", "-f", "status=created", "--format", "{{.Names}}"],
  ["logs", "ended"], ["logs", "-n", "0", "ended"], ["logs", "none"], ["wait", "ended"], ["port", "runs"], ["exec", "runs", "echo", "hi"], ["exec", "ended", "echo"], ["diff", "runs"], ["top", "made"],
  ["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{.Name}} {{.Path}} {{.Args}} {{.RestartCount}} {{.HostConfig.NetworkMode}} {{.Config.Image}} {{json .Config.Labels}} {{.Config.Cmd}}", "runs", "ended", "made"],
  ["inspect", "-f", "{{json .Config.Env}}", "ended", "runs"], ["container", "inspect", "-f", "{{.Name}}", "runs", "none"], ["container", "ls", "-aq"], ["kill", "none"], ["kill", "ended"], ["stop", "none"], ["start", "none"], ["restart", "none"], ["cp", "none:/x", "."], ["rename", "ended", "runs"], ["rmi", "base:1"],
  ["system", "df"], ["system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}"], ["system", "df", "-v", "--format", "{{len .Images}} {{len .Containers}} {{len .Volumes}} {{len .BuildCache}}"],
  ["→", "rename", "ended", "other"], ["→", "exec", "runs", "sh", "-c", "echo x > /etc/new; rm /etc/group"], ["diff", "runs"], ["→", "rm", "runs"], ["→", "stop", "-t", "0", "runs"], ["wait", "runs"], ["→", "start", "runs"], ["→", "rm", "-f", "runs", "none"], ["→", "rm", "made", "none"],
  ["→", "container", "prune", "-f", "--filter", "label=none"], ["→", "container", "prune", "-f"], ["ps", "-a"],
];

/**
 * What is other than docker's, and why. An entry names the beginning of a command line, or with `exact` all of it; where it is given, `same` makes of both
 * answers what has to be equal all the same.
 */
export const DIFFERENCES: readonly { readonly words: readonly string[]; readonly exact?: true; readonly why: string; readonly same?: (answer: string) => unknown }[] = [
  { words: ["images", "-f", "until="], why: "docker takes this filter from API 1.47 on; the recorded daemon is older" },
  { words: ["images", "-f", "dangling=maybe"], why: "wrong usage has the status 2 here, everywhere" },
  { words: ["images", "-f", "nope"], why: "wrong usage has the status 2 here, everywhere" },
  { words: ["rmi", "registry.test/team/app:2.0"], why: "layers have no line of their own: the build cache may need them still", same: (answer) => answer.split("\n").slice(0, 2) },
  { words: ["inspect", "app:1"], why: "members of engines before 25 are left out; there is no graph driver", same: modernInspect },
  { words: ["image", "inspect", "base:1"], why: "members of engines before 25 are left out; there is no graph driver", same: modernInspect },
  { words: ["inspect", "-f", "json"], why: "members of engines before 25 are left out; there is no graph driver", same: modernInspect },
  { words: ["inspect", "-f", "{{json .Config}}"], why: "members have the engine's order, not the client's", same: modernInspect },
  { words: ["inspect", "-f", "{{.Config.Healthcheck}}"], why: "durations are numbers", same: (answer) => answer.split("} ")[1] },
  { words: ["inspect", "-f", "{{.Nope}}"], why: "docker writes an empty line first", same: (answer) => answer.trim() },
  { words: ["rmi"], exact: true, why: "wrong usage has the status 2 here, everywhere" },
  { words: ["tag", "base:1"], exact: true, why: "wrong usage has the status 2 here, everywhere" },
];

/** The same of containers. */
export const CONTAINER_DIFFERENCES: typeof DIFFERENCES = [
  { words: ["system", "df"], exact: true, why: "what else takes the room, and why it stays, is told below the table", same: (answer) => answer.split("\n").slice(0, 5).map((line) => line.split(/ {2,}/).slice(0, 3)) },
];

/** An inspected image without what only older engines have, and what says how a store keeps it. */
function modernInspect(answer: string): unknown {
  const left = new Set(["Container", "ContainerConfig", "VirtualSize", "GraphDriver", "Metadata", "Descriptor", "DockerVersion",
    "Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "Image"]);
  return JSON.parse(answer, (key, value: unknown) => (left.has(key) ? undefined : value));
}
