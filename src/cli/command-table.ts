import type { CommandEntry } from "./command-entry.ts";
import { registryCommands } from "./registry-commands.ts";

/**
 * Every command by the words after `sampan`. The summaries stand here a second time, so that the overview
 * need not load all of the files; a test compares them.
 */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  build: {
    summary: "Build an image from a Dockerfile",
    group: "Build and carry",
    load: async () => (await import("./commands/build.ts")).buildCommand,
  },
  bake: {
    summary: "Build several targets that a file describes",
    group: "Build and carry",
    load: async () => (await import("./commands/bake.ts")).bakeCommand,
  },
  "build history ls": {
    summary: "List past builds",
    group: "Build and carry",
    load: async () => (await import("./commands/build-history-ls.ts")).buildHistoryLsCommand,
  },
  "build history inspect": {
    summary: "Show what a past build was and did",
    group: "Build and carry",
    load: async () => (await import("./commands/build-history-inspect.ts")).buildHistoryInspectCommand,
  },
  "build history inspect attachment": {
    summary: "Print a document that a past build has made",
    group: "Build and carry",
    load: async () => (await import("./commands/build-history-inspect-attachment.ts")).buildHistoryInspectAttachmentCommand,
  },
  "build history logs": {
    summary: "Show what a past build printed",
    group: "Build and carry",
    load: async () => (await import("./commands/build-history-logs.ts")).buildHistoryLogsCommand,
  },
  "build history rm": {
    summary: "Forget past builds",
    group: "Build and carry",
    load: async () => (await import("./commands/build-history-rm.ts")).buildHistoryRmCommand,
  },
  run: {
    summary: "Run a command in a new container of an image",
    group: "Build and carry",
    load: async () => (await import("./commands/run.ts")).runCommand,
  },
  push: {
    summary: "Upload an image to a registry",
    group: "Build and carry",
    load: async () => (await import("./commands/push.ts")).pushCommand,
  },
  pull: {
    summary: "Download an image from a registry",
    group: "Build and carry",
    load: async () => (await import("./commands/pull.ts")).pullCommand,
  },
  copy: {
    summary: "Copy images between registries, archives, layouts and the store",
    group: "Build and carry",
    load: async () => (await import("./commands/copy.ts")).copyCommand,
  },
  sync: {
    summary: "Keep copies of repositories, as a file says",
    group: "Build and carry",
    load: async () => (await import("./commands/sync.ts")).syncCommand,
  },
  ps: {
    summary: "List containers",
    group: "Containers",
    load: async () => (await import("./commands/ps.ts")).psCommand,
  },
  logs: {
    summary: "Show what a container has said",
    group: "Containers",
    load: async () => (await import("./commands/logs.ts")).logsCommand,
  },
  exec: {
    summary: "Run a further command in a container that runs",
    group: "Containers",
    load: async () => (await import("./commands/exec.ts")).execCommand,
  },
  attach: {
    summary: "See what a container says, and talk to it",
    group: "Containers",
    load: async () => (await import("./commands/attach.ts")).attachCommand,
  },
  top: {
    summary: "List the processes of a container",
    group: "Containers",
    load: async () => (await import("./commands/top.ts")).topCommand,
  },
  stats: {
    summary: "Show what containers use of the machine",
    group: "Containers",
    load: async () => (await import("./commands/stats.ts")).statsCommand,
  },
  pause: {
    summary: "Let containers stand still",
    group: "Containers",
    load: async () => (await import("./commands/pause.ts")).pauseCommand,
  },
  unpause: {
    summary: "Let containers that stand still go on",
    group: "Containers",
    load: async () => (await import("./commands/unpause.ts")).unpauseCommand,
  },
  export: {
    summary: "Write the files of a container as an archive",
    group: "Containers",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  diff: {
    summary: "List what a container has changed of its image",
    group: "Containers",
    load: async () => (await import("./commands/diff.ts")).diffCommand,
  },
  stop: {
    summary: "Stop containers",
    group: "Containers",
    load: async () => (await import("./commands/stop.ts")).stopCommand,
  },
  kill: {
    summary: "Send containers a signal",
    group: "Containers",
    load: async () => (await import("./commands/kill.ts")).killCommand,
  },
  rm: {
    summary: "Remove containers",
    group: "Containers",
    load: async () => (await import("./commands/rm.ts")).rmCommand,
  },
  wait: {
    summary: "Wait until containers have ended and print their exit status",
    group: "Containers",
    load: async () => (await import("./commands/wait.ts")).waitCommand,
  },
  create: {
    summary: "Make a container of an image, for `start` to run it",
    group: "Containers",
    load: async () => (await import("./commands/create.ts")).createCommand,
  },
  start: {
    summary: "Start containers that do not run",
    group: "Containers",
    load: async () => (await import("./commands/start.ts")).startCommand,
  },
  restart: {
    summary: "Stop containers and start them again",
    group: "Containers",
    load: async () => (await import("./commands/restart.ts")).restartCommand,
  },
  rename: {
    summary: "Give a container another name",
    group: "Containers",
    load: async () => (await import("./commands/rename.ts")).renameCommand,
  },
  port: {
    summary: "Show at which ports of this machine a container is reached",
    group: "Containers",
    load: async () => (await import("./commands/port.ts")).portCommand,
  },
  cp: {
    summary: "Copy files out of a container or into it",
    group: "Containers",
    load: async () => (await import("./commands/cp.ts")).cpCommand,
  },
  "container inspect": {
    summary: "Show all that is known about containers",
    group: "Containers",
    load: async () => (await import("./commands/container-inspect.ts")).containerInspectCommand,
  },
  "container prune": {
    summary: "Remove all containers that do not run",
    group: "Containers",
    load: async () => (await import("./commands/container-prune.ts")).containerPruneCommand,
  },
  images: {
    summary: "List images",
    group: "Images",
    load: async () => (await import("./commands/images.ts")).imagesCommand,
  },
  inspect: {
    summary: "Show all that is known about images and containers",
    group: "Images",
    load: async () => (await import("./commands/inspect.ts")).inspectCommand,
  },
  history: {
    summary: "Show the history of an image",
    group: "Images",
    load: async () => (await import("./commands/history.ts")).historyCommand,
  },
  tag: {
    summary: "Give an image a further name",
    group: "Images",
    load: async () => (await import("./commands/tag.ts")).tagCommand,
  },
  rmi: {
    summary: "Remove images",
    group: "Images",
    load: async () => (await import("./commands/rmi.ts")).rmiCommand,
  },
  save: {
    summary: "Write images to a tar archive",
    group: "Images",
    load: async () => (await import("./commands/save.ts")).saveCommand,
  },
  load: {
    summary: "Read images from a tar archive",
    group: "Images",
    load: async () => (await import("./commands/load.ts")).loadCommand,
  },
  import: {
    summary: "Make an image of the archive of a root file system",
    group: "Images",
    load: async () => (await import("./commands/import.ts")).importCommand,
  },
  "image cp": {
    summary: "Copy files out of an image, without a container",
    group: "Images",
    load: async () => (await import("./commands/image-cp.ts")).imageCpCommand,
  },
  "image mount": {
    summary: "Show the file system of an image in a folder",
    group: "Images",
    load: async () => (await import("./commands/image-mount.ts")).imageMountCommand,
  },
  "image unmount": {
    summary: "Take a mounted image away again",
    group: "Images",
    load: async () => (await import("./commands/image-unmount.ts")).imageUnmountCommand,
  },
  "image prune": {
    summary: "Remove images that nobody needs",
    group: "Images",
    load: async () => (await import("./commands/image-prune.ts")).imagePruneCommand,
  },
  sbom: {
    summary: "List the packages that an image or folder is made of, as an SBOM",
    group: "Images",
    load: async () => (await import("./commands/sbom.ts")).sbomCommand,
  },
  "builder prune": {
    summary: "Remove build cache",
    group: "The store",
    load: async () => (await import("./commands/builder-prune.ts")).builderPruneCommand,
  },
  "system df": {
    summary: "Show what the store takes of the disk, and what can be freed",
    group: "The store",
    load: async () => (await import("./commands/system-df.ts")).systemDfCommand,
  },
  "system prune": {
    summary: "Remove everything that nobody needs",
    group: "The store",
    load: async () => (await import("./commands/system-prune.ts")).systemPruneCommand,
  },
  "store check": {
    summary: "Compare what the store says with what is on the disk, and repair it",
    group: "The store",
    load: async () => (await import("./commands/store-check.ts")).storeCheckCommand,
  },
  ...registryCommands,
  doctor: {
    summary: "Show what this machine allows, and how to mend what it does not",
    group: "Sampan itself",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand,
  },
  standby: {
    summary: "Load the program and wait for the next command",
    group: "Sampan itself",
    load: async () => (await import("./commands/standby.ts")).standbyCommand,
  },
  version: {
    summary: "Show the version",
    group: "Sampan itself",
    load: async () => (await import("./commands/version.ts")).versionCommand,
  },
  help: {
    summary: "Show the help of a command",
    group: "Sampan itself",
    load: async () => (await import("./commands/help.ts")).helpCommand,
  },
};
